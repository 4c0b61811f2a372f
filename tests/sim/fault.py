# SPDX-License-Identifier: Apache-2.0
"""Errors of the API: one class, and the documented status and message of each code."""


class Fault(Exception):
    """An error answer.  Without status or message the documented ones of the code are used."""

    def __init__(self, code, status=None, message=None, headers=None, detail=None):
        known = DOCUMENTED.get(code, (400, "The request failed: %s." % code))
        super().__init__(code)
        self.code = code
        self.status = status or known[0]
        self.message = known[1] if message is None else message
        self.headers = dict(headers or {})
        self.detail = detail


# Sources: the API pages named in src/ECS-API.md (ecs-api 4 and 5).  Where editions differ, the
# status of the ECS table.  A code with several messages has the others in VARIANTS.
DOCUMENTED = {
    # AllocatePublicIpAddress
    "InvalidInstanceId.NotFound": (404, "The specified InstanceId does not exist."),
    "InvalidIpAddress.Malformed": (400, 'The specified parameter "IpAddress" is not valid.'),
    "InvalidVlanId.NotFound": (404, "The specified VlanId does not found in our records."),
    "IncorrectInstanceStatus": (
        403, "The current status of the resource does not support this operation."),
    "InstanceLockedForSecurity": (
        403, "The specified operation is denied as your instance is locked for security reasons."),
    "InstanceExpiredOrInArrears": (
        403, "The specified operation is denied as your prepay instance is expired (prepay mode) "
             "or in arrears (afterpay mode)."),
    "InvalidIpAddress.NotFound": (
        404, "The specified IP address does not found in the specified VLAN."),
    "IpInUse": (403, "The specified IP is already in use."),
    "AllocatedAlready": (
        403, "There is an IpAddress allocated already for the specified instance."),
    "OperationDenied": (400, "Specified operation is denied as your instance is in VPC."),
    "InsufficientPublicIp": (400, "Ip address not found"),
    "AllocateIpInvalidInstanceBandwidth": (
        400, "The specified instance InternetMaxBandwidthOut cannot be less than 0."),
    "NAT_PUBLIC_IP_BINDING_FAILED": (403, "Binding nat public ip failed"),
    "NAT_PUBLIC_IP_ALLOCATE_FAILED": (403, "Nat public ip binding failed."),
    "InvalidOperation.AllocateFailed": (400, "Allocate ip failed, please try again later."),
    "OperationDenied.CloudboxNotSupport": (400, "The cloudbox does not support the operation."),
    "OperationDenied.DedicatedRegionNotSupported": (
        400, "The dedicated region does not support the operation."),
    "AllocateIp.Fail": (403, "Failed to allocate the IP address."),
    "InvalidIpAddress.NotPublic": (403, "The specified IpAddress is not a public address."),
    "InternalError": (500, "The request processing has failed due to some unknown error."),
    "Forbidden.InstanceNotFound": (404, "The specified instance does not exist."),
    # RebootInstance
    "DiskError": (403, "The disk of the instance has an error."),
    "LimitedOperation.ServiceUnavailable": (503, "The service is temporarily unavailable."),
    "InvalidParameter.KMSKeyId.CMKUnauthorized": (403, "ECS is not authorised to use the CMK."),
    "InvalidParameter.KMSKeyId.CMKNotEnabled": (403, "The CMK needs to be enabled."),
    "InvalidParameter.KMSKeyId.KMSUnauthorized": (403, "ECS is not authorised to use KMS."),
    "InvalidParameter.KMSKeyId.NotFound": (404, "The specified KMSKeyId does not exist."),
    "DryRunOperation": (
        400, "Request validation has been passed with DryRun flag set."),
    # ModifyInstanceNetworkSpec
    "InvalidInternetMaxBandwidthOut.ValueNotSupported": (
        400, "The specified InternetMaxBandwidthOut is out of the permitted range."),
    "Account.Arrearage": (400, "Your account has an outstanding payment."),
    "TaskConflict": (400, "The operation conflicts with another task of the instance."),
    "LastOrderProcessing": (400, "The previous order is still processing."),
    "LastRequestProcessing": (400, "The previous request is still processing."),
    "IpAllocationError": (400, "Allocate public ip failed."),
    "InvalidInstance.UnPaidOrder": (400, "The instance has an unpaid order."),
    "InvalidAccountStatus.NotEnoughBalance": (403, "Your account does not have enough balance."),
    "InvalidInstance.InstanceNotSupported": (
        403, "The instance with an EIP in a VPC needs no bandwidth of its own."),
    "InvalidOperation.PublicIpAddressNoStock": (403, "There is no public IP address in stock."),
    "InvalidClientToken.ValueNotSupported": (400, "The specified ClientToken is invalid."),
    "IdempotentParameterMismatch": (
        400, "The request uses the same ClientToken as a previous one, but other parameters."),
    "BandwidthUpgradeDenied.EipBoundInstance": (
        400, "The bandwidth of an instance with an EIP cannot be changed."),
    # EIP
    "InvalidAllocationId.NotFound": (404, "The specified AllocationId is not found."),
    "InvalidInstanId.NotFound": (404, "The specified instance is not found."),
    "InvalidAssociation.Duplicated": (
        400, "The specified EIP is already associated with the specified instance."),
    "IncorrectEipStatus": (
        400, "The current status of the EIP does not support this operation."),
    "InvalidStatus.EcsStatusNotSupport": (
        400, "The status of the ECS instance does not support the operation."),
    "InvalidBindingStatus": (400, "The binding status does not support the operation."),
    "BIND_INSTANCE_HAVE_PORTMAP_OR_BIND_EIP": (
        400, "The specified instance has a port map or an EIP already."),
    "EIP_CAN_NOT_ASSOCIATE_WITH_PUBLIC_IP": (
        400, "The EIP can not associate with an instance that has a public IP."),
    "Forbidden.InstanceBandwidthNotZero": (403, "The bandwidth of the instance is not zero."),
    "InvalidStatus.InstanceHasBandWidth": (400, "The instance still has bandwidth."),
    "OperationFailed.EcsMigrating": (400, "The ECS instance is migrating."),
    "OperationFailed.SystemBusy": (400, "The system is busy, please try again later."),
    "Forbidden.FinancialLocked": (400, "The EIP is locked for financial reasons."),
    "InvalidParameter.Mismatch": (400, "The EIP and the instance are in different regions."),
    "COMMODITY.INVALID_COMPONENT": (400, "The module you selected is not valid."),
    "QuotaExceeded.Eip": (400, "Elastic IP address quota exceeded."),
    # common
    "ServiceUnavailable": (503, "The request has failed due to a temporary failure of the server."),
    "ServiceUnavailable.RegionMaintaining": (503, "The region is under maintenance."),
    "UnknownError": (400, "The request processing has failed due to some unknown error."),
    "OperationConflict": (409, "The operation conflicts with another one."),
    "LastTokenProcessing": (403, "The last token request is processing."),
    "Throttling": (400, "Request was denied due to request throttling."),
    "Throttling.User": (400, "Request was denied due to user flow control."),
    "Throttling.Api": (400, "Request was denied due to api flow control."),
    "InvalidTimeStamp.Expired": (400, "Specified time stamp or date value is expired."),
    "IllegalTimestamp": (400, "The input parameter \"Timestamp\" is not well formatted."),
    "SignatureNonceUsed": (400, "Specified signature nonce was used already."),
    "SignatureDoesNotMatch": (400, "Specified signature is not matched with our calculation."),
    "IncompleteSignature": (
        400, "The request signature does not conform to Aliyun standards."),
    "InvalidSecurityToken.Expired": (400, "Specified SecurityToken is expired."),
    "InvalidSecurityToken.Malformed": (400, "Specified SecurityToken is malformed."),
    "InvalidSecurityToken.MismatchWithAccessKey": (
        400, "Specified SecurityToken mismatch with the AccessKey."),
    "MissingSecurityToken": (
        400, "The input parameter \"SecurityToken\" that is mandatory for processing this request "
             "is not supplied."),
    "InvalidAccessKeyId.NotFound": (404, "Specified access key is not found."),
    "InvalidAccessKeyId.Inactive": (400, "Specified access key is disabled."),
    "Forbidden.AccessKeyDisabled": (403, "The AccessKey is disabled."),
    "Forbidden.RAM": (
        403, "User not authorized to operate on the specified resource, or this API doesn't "
             "support RAM."),
    "NoPermission": (403, "You are not authorized to do this action."),
    "Forbidden.RiskControl": (403, "The request is denied by risk control."),
    "Forbidden.SubUser": (403, "The specified action is not available for the sub-user."),
    "Forbidden.NotSupportRAM": (403, "This action does not support RAM."),
    "Forbidden.Unauthorized": (403, "A required authorization is missing."),
    "ChargeTypeViolation": (403, "The operation is not permitted due to the charge type."),
    "RealNameAuthenticationError": (403, "Your account has not passed the authentication."),
    "InsufficientBalance": (400, "Your account does not have enough balance."),
    "UnsupportedHTTPMethod": (403, "This http method is not supported."),
    "InvalidAction": (403, "The specified Action is not valid."),
    "InvalidAction.NotFound": (
        404, "Specified api is not found, please check your url and method."),
    "InvalidVersion": (400, "Specified parameter Version is not valid."),
    "MissingParameter": (
        400, "The input parameter that is mandatory for processing this request is not supplied."),
    "InvalidParameter": (400, "The specified parameter is not valid."),
    "UnsupportedParameter": (400, "The parameter is not supported."),
    "InvalidRegionId.NotFound": (404, "The specified RegionId does not exist."),
    "InvalidOperation.NotSupportedEndpoint": (
        404, "The specified endpoint can't operate this region. Please use API DescribeRegions to "
             "get the appropriate endpoint, or upgrade your SDK to latest version."),
}

# The other messages of a code: the code alone decides nothing, the message does.
VARIANTS = {
    "OperationDenied": [
        'The specified parameter "VlanId" is not valid or vlan has not enough IP address.',
        "The specified instance already has a public IP.",
    ],
    "AllocatedAlready": ["An IpAddress has been assigned to the specified instance."],
}
