/* SPDX-License-Identifier: Apache-2.0 */
/* The fault table: no row shadowed, every documented code in it, texts fit for people. */
#include "unit.h"

#include <ecs-pubip/fault.h>

/* A fault that asks for just this row. */
static struct fault fault_for(const struct fault_row *row, const char *tail) {
        struct fault f = {.http_status = row->status};
        const char *code = row->code ? row->code : "Never.Heard.Of";
        size_t n = strlen(code);

        if (code[n - 1] == '*')
                snprintf(f.code, sizeof(f.code), "%.*s%s", (int)n - 1, code, tail);
        else
                snprintf(f.code, sizeof(f.code), "%s", code);
        if (!row->code && row->status % 100 == 0 && row->status)
                f.http_status = row->status + 18;
        snprintf(f.message, sizeof(f.message), "It says: %s.", row->message ? row->message : "so");
        return f;
}

static const char *remedy_of(const struct fault_row *row) {
        static char remedy[FAULT_REMEDY_SIZE];

        fault_row_remedy(row, remedy);
        return remedy;
}

static void every_row_is_reachable(void **state) {
        size_t n, n_prefix = 0;
        const struct fault_row *rows = fault_table(&n);

        (void)state;
        assert_true(n > 150);
        for (size_t i = 0; i < n; i++) {
                struct fault f = fault_for(&rows[i], "Unheard.Of");

                if (fault_explain(&f, rows[i].context) != &rows[i])
                        fail_msg("row %zu (%s) is shadowed by \"%s\"", i, f.code,
                                 fault_sentence(fault_explain(&f, rows[i].context)));
                if (!rows[i].code || !strchr(rows[i].code, '*'))
                        continue;
                assert_true(strlen(rows[i].code) > 9); /* a family, not a letter */
                n_prefix++;
        }
        assert_true(n_prefix >= 20);
}

/* The bare prefix belongs to its row too, unless a row has it as its exact code. */
static void prefixes_fit_what_is_as_long(void **state) {
        size_t n;
        const struct fault_row *rows = fault_table(&n);

        (void)state;
        for (size_t i = 0; i < n; i++) {
                struct fault f = fault_for(&rows[i], "");
                const struct fault_row *row = fault_explain(&f, rows[i].context);

                if (rows[i].code && strchr(rows[i].code, '*'))
                        assert_true(row == &rows[i] || strcmp(row->code, f.code) == 0);
        }
}

static void check_text(const struct fault_row *row, const char *text, size_t size) {
        size_t n = text ? strlen(text) : 0;

        if (n < 8 || n >= size || text[n - 1] == '.' || text[n - 1] == ' ' || strstr(text, "  "))
                fail_msg("%s: bad text \"%s\"", row->code ? row->code : "(status)", text);
        for (size_t i = 0; i < n; i++)
                if (text[i] < 0x20 || text[i] > 0x7e)
                        fail_msg("%s: not printable: \"%s\"", row->code, text);
        if (text[0] < 'A' || text[0] > 'Z')
                fail_msg("%s: begins in lower case: \"%s\"", row->code, text);
}

static void every_row_speaks(void **state) {
        size_t n;
        const struct fault_row *rows = fault_table(&n);

        (void)state;
        for (size_t i = 0; i < n; i++) {
                check_text(&rows[i], fault_sentence(&rows[i]), 200);
                check_text(&rows[i], remedy_of(&rows[i]), FAULT_REMEDY_SIZE - 64);
                assert_true(rows[i].class > FAULT_NONE && rows[i].class < _FAULT_CLASS_MAX);
                /* What a person must do cannot be nothing. */
                if (rows[i].class == FAULT_OPERATOR && !strstr(remedy_of(&rows[i]), "here"))
                        assert_null(strstr(remedy_of(&rows[i]), "Nothing to do"));
                if (rows[i].slow)
                        assert_int_equal(rows[i].class, FAULT_RETRY);
                if (rows[i].unsent)
                        assert_true(rows[i].own);
        }
}

/* Why a remedy that a person carries out does not end with `resume`. */
static const char *const not_resumed[] = {
        "Report this",           /* to us; nothing on the machine changes */
        "Stop the instance",     /* and start it: the boot asks all anew */
        "estart",                /* of the instance or the agent, which asks all anew */
        "Start the agent",       /* likewise */
        "Nothing to do",         /* the instance is about to be released */
        "the agent looks again", /* by itself */
        "the agent sees",        /* netlink tells it */
        "resume` to accept",     /* said in the middle */
};

static bool ends_with(const char *text, const char *end) {
        size_t n = strlen(text), m = strlen(end);

        return n >= m && strcmp(text + n - m, end) == 0;
}

/* Who has done what a remedy says tells the agent, which otherwise looks an hour later. */
static void what_a_person_does_ends_with_resume(void **state) {
        size_t n;
        const struct fault_row *rows = fault_table(&n);

        (void)state;
        for (size_t i = 0; i < n; i++) {
                const char *remedy = remedy_of(&rows[i]);
                bool person = rows[i].class == FAULT_OPERATOR || rows[i].class == FAULT_AUTH ||
                              strcasestr(remedy, "set [");
                bool excused = !person || ends_with(remedy, ", then run `ecs-pubip resume`");

                for (size_t k = 0; k < N(not_resumed) && !excused; k++)
                        excused = strstr(remedy, not_resumed[k]);
                if (!excused)
                        fail_msg("%s: \"%s\"", rows[i].code, remedy);
        }
}

/* Code, status, part of the message, context -> class: ecs-api 4.1 to 4.5 and 5, row by row. */
static const struct {
        const char *code;
        unsigned status;
        const char *message;
        enum fault_class class;
        unsigned context;
} documented[] = {
        /* AllocatePublicIpAddress, the fifteen of the original page */
        {"InvalidInstanceId.NotFound", 404, "The InstanceId does not exist", FAULT_AUTH, 0},
        {"InvalidIpAddress.Malformed", 400, "", FAULT_OPERATOR, FAULT_WITH_IP_ADDRESS},
        {"InvalidVlanId.NotFound", 404, "", FAULT_OPERATOR, FAULT_WITH_VLAN_ID},
        {"IncorrectInstanceStatus", 403, "", FAULT_SETTLING, 0},
        {"InstanceLockedForSecurity", 403, "", FAULT_OPERATOR, 0},
        {"InstanceExpiredOrInArrears", 403, "", FAULT_OPERATOR, 0},
        {"InvalidIpAddress.NotFound", 404, "", FAULT_OPERATOR, FAULT_WITH_IP_ADDRESS},
        {"IpInUse", 403, "", FAULT_OPERATOR, FAULT_WITH_IP_ADDRESS},
        {"IpInUse", 403, "", FAULT_RETRY, 0},
        {"AllocatedAlready", 403,
         "There is an IpAddress allocated already for the specified instance.", FAULT_ALREADY, 0},
        {"OperationDenied", 400, "Specified operation is denied as your instance is in VPC.",
         FAULT_OPERATOR, 0},
        {"InsufficientPublicIp", 400, "Ip address not found", FAULT_RETRY, 0},
        {"InsufficientPublicIp", 400, "Ip address not found", FAULT_OPERATOR,
         FAULT_WITH_IP_ADDRESS},
        {"AllocateIpInvalidInstanceBandwidth", 400, "cannot be less than 0", FAULT_OPERATOR, 0},
        {"OperationDenied", 400,
         "The specified parameter \"VlanId\" is not valid or vlan has not enough IP address.",
         FAULT_OPERATOR, FAULT_WITH_VLAN_ID},
        {"OperationDenied", 400,
         "The specified parameter \"VlanId\" is not valid or vlan has not enough IP address.",
         FAULT_RETRY, 0},
        {"NAT_PUBLIC_IP_BINDING_FAILED", 403, "Binding nat public ip failed", FAULT_RETRY, 0},
        {"NAT_PUBLIC_IP_ALLOCATE_FAILED", 403, "Nat public ip binding failed.", FAULT_RETRY, 0},
        /* … and the newer rows */
        {"OperationDenied", 400, "The specified instance already has a public IP.", FAULT_ALREADY,
         0},
        {"AllocatedAlready", 403, "An IpAddress has been assigned to the specified instance.",
         FAULT_ALREADY, 0},
        {"InvalidOperation.AllocateFailed", 400, "try again later", FAULT_RETRY, 0},
        {"OperationDenied.CloudboxNotSupport", 400, "", FAULT_OPERATOR, 0},
        {"OperationDenied.DedicatedRegionNotSupported", 400, "", FAULT_OPERATOR, 0},
        {"AllocateIp.Fail", 403, "", FAULT_RETRY, 0},
        {"InvalidIpAddress.NotPublic", 403, "", FAULT_OPERATOR, FAULT_WITH_IP_ADDRESS},
        {"InternalError", 500, "", FAULT_RETRY, 0},
        {"Forbidden.InstanceNotFound", 404, "", FAULT_AUTH, 0},
        /* RebootInstance */
        {"DiskError", 403, "", FAULT_OPERATOR, 0},
        {"InvalidParameter.KMSKeyId.CMKUnauthorized", 403, "", FAULT_OPERATOR, 0},
        {"InvalidParameter.KMSKeyId.CMKNotEnabled", 403, "", FAULT_OPERATOR, 0},
        {"InvalidParameter.KMSKeyId.KMSUnauthorized", 403, "", FAULT_OPERATOR, 0},
        {"InvalidParameter.KMSKeyId.NotFound", 404, "", FAULT_OPERATOR, 0},
        {"LimitedOperation.ServiceUnavailable", 503, "", FAULT_RETRY, 0},
        {"DryRunOperation", 400, "", FAULT_ALREADY, 0},
        /* ModifyInstanceNetworkSpec */
        {"InvalidInternetMaxBandwidthIn.ValueNotSupported", 400, "", FAULT_OPERATOR, 0},
        {"InvalidInternetMaxBandwidthOut.ValueNotSupported", 400, "", FAULT_OPERATOR, 0},
        {"OperationDenied", 400, "The operation is denied.", FAULT_OPERATOR, 0},
        {"InvalidParameter.Conflict", 400, "", FAULT_OPERATOR, 0},
        {"InvalidStartTime.ValueNotSupported", 400, "", FAULT_OPERATOR, 0},
        {"InvalidEndTime.ValueNotSupported", 400, "", FAULT_OPERATOR, 0},
        {"ChargeTypeViolation", 400, "", FAULT_OPERATOR, 0},
        {"Account.Arrearage", 400, "", FAULT_OPERATOR, 0},
        {"InvalidInternetChargeType.ValueNotSupported", 400, "", FAULT_OPERATOR, 0},
        {"DecreasedBandwidthNotAllowed", 400, "", FAULT_OPERATOR, 0},
        {"BandwidthUpgradeDenied.EipBoundInstance", 400, "", FAULT_OPERATOR, 0},
        {"InvalidClientToken.ValueNotSupported", 400, "", FAULT_OPERATOR, 0},
        {"Throttling", 400, "", FAULT_THROTTLED, 0},
        {"InvalidInstanceStatus", 400, "", FAULT_SETTLING, 0},
        {"InvalidInstanceStatus.NotStopped", 400, "", FAULT_OPERATOR, 0},
        {"InvalidAction", 400, "", FAULT_OPERATOR, 0},
        {"IpAllocationError", 400, "", FAULT_RETRY, 0},
        {"InvalidParam.AllocatePublicIp", 400, "", FAULT_OPERATOR, 0},
        {"InstanceDowngrade.QuotaExceed", 400, "", FAULT_OPERATOR, 0},
        {"InvalidBandwidth.ValueNotSupported", 400, "", FAULT_OPERATOR, 0},
        {"InvalidInstance.UnPaidOrder", 400, "", FAULT_OPERATOR, 0},
        {"LastOrderProcessing", 400, "", FAULT_SETTLING, 0},
        {"LastRequestProcessing", 400, "", FAULT_SETTLING, 0},
        {"InvalidPayMethod.SyncPaymentNotSupport", 400, "", FAULT_OPERATOR, 0},
        {"InvalidBandwidthOut.LessThanZero", 400, "", FAULT_OPERATOR, 0},
        {"InvalidParameter.BandwidthBiggerThanBaseBandwidth", 400, "", FAULT_OPERATOR, 0},
        {"InvalidAction.WithActiveElasticUpgrade", 400, "", FAULT_OPERATOR, 0},
        {"InvalidParameter.CloudboxNotSupported", 400, "", FAULT_OPERATOR, 0},
        {"InvalidParameter.Bandwidth", 400, "", FAULT_OPERATOR, 0},
        {"InvalidParameter.DedicatedRegionNotSupported", 400, "", FAULT_OPERATOR, 0},
        {"NoPermission.Price", 400, "", FAULT_AUTH, 0},
        {"NoPermission.Refund", 400, "", FAULT_AUTH, 0},
        {"InvalidOperation.InstanceStatusUnsupported", 400, "", FAULT_SETTLING, 0},
        {"QuotaExceeded.InternetBandwidth", 400, "", FAULT_OPERATOR, 0},
        {"UnsupportedIspNetworkChargeType", 400, "", FAULT_OPERATOR, 0},
        {"TaskConflict", 400, "", FAULT_SETTLING, 0},
        {"OperationDenied", 403, "", FAULT_OPERATOR, 0},
        {"InvalidAccountStatus.NotEnoughBalance", 403, "", FAULT_OPERATOR, 0},
        {"InvalidInstance.InstanceNotSupported", 403, "", FAULT_OPERATOR, 0},
        {"InvalidOperation.StarterPackage", 403, "", FAULT_OPERATOR, 0},
        {"InvalidInstance.EipNotSupport", 403, "", FAULT_OPERATOR, 0},
        {"InvalidInstance.NatPortMapNotSupport", 403, "", FAULT_OPERATOR, 0},
        {"OperationDenied.UnpaidOrder", 403, "", FAULT_OPERATOR, 0},
        {"Mayi.InternalError", 403, "", FAULT_RETRY, 0},
        {"InvalidNetworkType.ValueNotSupported", 403, "", FAULT_OPERATOR, 0},
        {"OperationDenied.ImageNotValid", 403, "", FAULT_OPERATOR, 0},
        {"InvalidInstanceChargeType.ValueNotSupported", 403, "", FAULT_OPERATOR, 0},
        {"SecurityRisk.3DVerification", 403, "", FAULT_OPERATOR, 0},
        {"InvalidOperation.PublicIpAddressNoStock", 403, "", FAULT_RETRY, 0},
        {"Image.OrderFailed", 500, "", FAULT_RETRY, 0},
        /* EIP calls */
        {"InvalidAssociation.Duplicated", 400, "", FAULT_ALREADY, 0},
        {"IncorrectEipStatus", 400, "", FAULT_SETTLING, 0},
        {"InvalidStatus.EcsStatusNotSupport", 400, "", FAULT_SETTLING, 0},
        {"InvalidBindingStatus", 400, "", FAULT_SETTLING, 0},
        {"BIND_INSTANCE_HAVE_PORTMAP_OR_BIND_EIP", 400, "", FAULT_OPERATOR, 0},
        {"EIP_CAN_NOT_ASSOCIATE_WITH_PUBLIC_IP", 400, "", FAULT_OPERATOR, 0},
        {"Forbidden.InstanceBandwidthNotZero", 400, "", FAULT_OPERATOR, 0},
        {"InvalidStatus.InstanceHasBandWidth", 400, "", FAULT_OPERATOR, 0},
        {"OperationDenied", 400, "The specified instance is not in VPC.", FAULT_OPERATOR, 0},
        {"OperationDenied.Ipv4GatewayExist", 400, "", FAULT_OPERATOR, 0},
        {"OperationFailed.EcsMigrating", 400, "", FAULT_SETTLING, 0},
        {"OperationFailed.SystemBusy", 400, "", FAULT_RETRY, 0},
        {"Forbidden.FinancialLocked", 400, "", FAULT_OPERATOR, 0},
        {"InvalidEIPStatus.BizDisabled", 400, "", FAULT_OPERATOR, 0},
        {"Eni.Attached", 400, "", FAULT_OPERATOR, 0},
        {"Eni.HasSubIp", 400, "", FAULT_OPERATOR, 0},
        {"Invalid.DirectEip.BindType", 400, "", FAULT_OPERATOR, 0},
        {"InvalidParameter.Mismatch", 400, "", FAULT_OPERATOR, 0},
        {"InvalidAllocationId.NotFound", 404, "", FAULT_OPERATOR, 0},
        {"InvalidInstanId.NotFound", 404, "", FAULT_AUTH, 0},
        {"Forbidden.RegionNotFound", 404, "", FAULT_OPERATOR, 0},
        {"InvalidRegionId.NotFound", 404, "", FAULT_OPERATOR, 0},
        {"ServiceUnavailable", 503, "", FAULT_RETRY, 0},
        {"OperationConflict", 409, "", FAULT_RETRY, 0},
        {"IncorrectStatus", 400, "", FAULT_SETTLING, 0},
        {"IncorrectStatus.NatGateway", 400, "", FAULT_SETTLING, 0},
        {"InvalidStatus.EniStatusNotSupport", 400, "", FAULT_SETTLING, 0},
        {"SystemBusy", 400, "", FAULT_RETRY, 0},
        {"LastTokenProcessing", 403, "", FAULT_RETRY, 0},
        {"QuotaExceeded.Eip", 400, "", FAULT_OPERATOR, 0},
        {"InsufficientBalance", 400, "", FAULT_OPERATOR, 0},
        {"ReserveIpFail", 400, "", FAULT_RETRY, 0},
        {"InvalidRegion.NotSupport", 400, "", FAULT_OPERATOR, 0},
        {"InvalidBandwidth.Malformed", 400, "", FAULT_OPERATOR, 0},
        /* Common codes */
        {"ServiceUnavailable.RegionMaintaining", 503, "", FAULT_RETRY, 0},
        {"UnknownError", 400, "", FAULT_RETRY, 0},
        {"Throttling.User", 400, "", FAULT_THROTTLED, 0},
        {"Throttling.Api", 429, "", FAULT_THROTTLED, 0},
        {"Throttling.Resource", 503, "", FAULT_THROTTLED, 0},
        {"InvalidTimeStamp.Expired", 400, "", FAULT_CLOCK, 0},
        {"IllegalTimestamp", 400, "", FAULT_CLOCK, 0},
        {"SignatureNonceUsed", 400, "", FAULT_RETRY, 0},
        {"InvalidSecurityToken.Expired", 403, "", FAULT_AUTH, 0},
        {"InvalidSecurityToken.Malformed", 400, "", FAULT_AUTH, 0},
        {"InvalidSecurityToken.MismatchWithAccessKey", 404, "", FAULT_AUTH, 0},
        {"MissingSecurityToken", 400, "", FAULT_AUTH, 0},
        {"InvalidAccessKeyId.NotFound", 404, "", FAULT_AUTH, 0},
        {"InvalidAccessKeyId.Inactive", 400, "", FAULT_AUTH, 0},
        {"SignatureDoesNotMatch", 403, "", FAULT_AUTH, 0},
        {"IncompleteSignature", 400, "", FAULT_AUTH, 0},
        {"Forbidden.AccessKeyDisabled", 403, "", FAULT_AUTH, 0},
        {"Forbidden.RAM", 403, "", FAULT_AUTH, 0},
        {"Forbidden.NotSupportRAM", 403, "", FAULT_AUTH, 0},
        {"Forbidden.SubUser", 403, "", FAULT_AUTH, 0},
        {"Forbidden.Unauthorized", 403, "", FAULT_AUTH, 0},
        {"Forbidden.RiskControl", 403, "", FAULT_AUTH, 0},
        {"Forbidden", 403, "", FAULT_AUTH, 0},
        {"NoPermission", 403, "", FAULT_AUTH, 0},
        {"NoPermission.SLR", 403, "", FAULT_AUTH, 0},
        {"RealNameAuthenticationError", 403, "", FAULT_OPERATOR, 0},
        {"InvalidIdempotenceParameter.Mismatch", 400, "", FAULT_OPERATOR, 0},
        {"IdempotentParameterMismatch", 400, "", FAULT_OPERATOR, 0},
        {"UnsupportedHTTPMethod", 403, "", FAULT_OPERATOR, 0},
        {"InvalidAction.NotFound", 404, "", FAULT_OPERATOR, 0},
        {"MissingParameter", 400, "", FAULT_OPERATOR, 0},
        {"MissingParameter.InstanceId", 400, "", FAULT_OPERATOR, 0},
        {"InvalidParameter", 400, "", FAULT_OPERATOR, 0},
        {"InvalidParamater", 400, "", FAULT_OPERATOR, 0},
        {"InvalidParameter.InstanceId", 400, "", FAULT_OPERATOR, 0},
        {"UnsupportedParameter", 400, "", FAULT_OPERATOR, 0},
        {"InvalidOwnerAccount.NotFound", 400, "", FAULT_OPERATOR, 0},
        {"InvalidOperation.NotSupportedEndpoint", 404, "", FAULT_OPERATOR, 0},
};

static void every_documented_code_has_its_class(void **state) {
        (void)state;
        for (size_t i = 0; i < N(documented); i++) {
                struct fault f = {.http_status = documented[i].status};
                const struct fault_row *row;

                snprintf(f.code, sizeof(f.code), "%s", documented[i].code);
                snprintf(f.message, sizeof(f.message), "%s", documented[i].message);
                row = fault_explain(&f, documented[i].context);
                fault_classify(&f, documented[i].context);
                if (f.class != documented[i].class || !row->code || row->own)
                        fail_msg("%s (%s): class %s by row %s", f.code, f.message,
                                 fault_class_name(f.class), row->code ? row->code : "of a status");
        }
}

/* The other direction: what the table knows of the cloud was read somewhere. */
static void every_row_of_the_cloud_is_documented(void **state) {
        size_t n;
        const struct fault_row *rows = fault_table(&n);

        (void)state;
        for (size_t i = 0; i < n; i++) {
                bool met = rows[i].own || !rows[i].code;

                for (size_t k = 0; k < N(documented) && !met; k++) {
                        struct fault f = {.http_status = documented[k].status};

                        snprintf(f.code, sizeof(f.code), "%s", documented[k].code);
                        snprintf(f.message, sizeof(f.message), "%s", documented[k].message);
                        met = fault_explain(&f, documented[k].context) == &rows[i];
                }
                /* Families by their prefix, for members that nobody has listed. */
                if (!met && !strchr(rows[i].code, '*'))
                        fail_msg("row %s fits no documented answer", rows[i].code);
        }
}

static void statuses_decide_for_unknown_codes(void **state) {
        static const struct {
                unsigned status;
                enum fault_class class;
        } cases[] = {
                {429, FAULT_THROTTLED}, {500, FAULT_RETRY},    {503, FAULT_RETRY},
                {599, FAULT_RETRY},     {400, FAULT_OPERATOR}, {403, FAULT_OPERATOR},
                {404, FAULT_OPERATOR},  {499, FAULT_OPERATOR}, {0, FAULT_PROTOCOL},
                {200, FAULT_PROTOCOL},  {302, FAULT_PROTOCOL}, {600, FAULT_PROTOCOL},
        };

        (void)state;
        for (size_t i = 0; i < N(cases); i++) {
                struct fault f = {.http_status = cases[i].status, .code = "Brand.New"};

                fault_classify(&f, 0);
                assert_int_equal(f.class, cases[i].class);
                f.code[0] = '\0';
                fault_classify(&f, 0);
                assert_int_equal(f.class, cases[i].class);
        }
}

static void a_hint_makes_an_error_throttled(void **state) {
        struct fault f = {.code = "InternalError", .http_status = 500, .retry_after_ms = 1};

        (void)state;
        fault_classify(&f, 0);
        assert_int_equal(f.class, FAULT_THROTTLED);
        f.http_status = 200;
        fault_classify(&f, 0);
        assert_int_equal(f.class, FAULT_RETRY);
        f = (struct fault){.code = FAULT_NOT_API, .http_status = 429};
        fault_classify(&f, 0);
        assert_int_equal(f.class, FAULT_THROTTLED);
        f.http_status = 502;
        fault_classify(&f, 0);
        assert_int_equal(f.class, FAULT_PROTOCOL);
}

static void messages_are_matched_whatever_their_case(void **state) {
        struct fault f = {.code = "OperationDenied", .http_status = 400};

        (void)state;
        snprintf(f.message, sizeof(f.message), "the SPECIFIED instance ALREADY HAS A PUBLIC ip");
        fault_classify(&f, 0);
        assert_int_equal(f.class, FAULT_ALREADY);
        snprintf(f.message, sizeof(f.message), "denied as your INSTANCE IS IN vpc (from POP)");
        assert_true(fault_explain(&f, 0)->no_static_here);
        snprintf(f.message, sizeof(f.message), "denied as your instance is not in VPC");
        assert_false(fault_explain(&f, 0)->no_static_here);
        /* Codes are exact. */
        snprintf(f.code, sizeof(f.code), "operationdenied");
        assert_null(fault_explain(&f, 0)->code);
}

static const struct {
        const char *code;
        unsigned status;
        bool refusal;
} refusals[] = {
        {"IncorrectInstanceStatus", 403, true}, /* an answer: not executed */
        {"Throttling.User", 400, true},
        {"Throttling.Api", 429, true},
        {"Brand.New", 400, true},
        {"AllocatedAlready", 403, true},
        {"InternalError", 500, false}, /* may have been executed */
        {"ServiceUnavailable", 503, false},
        {"Throttling", 503, false},
        {"Brand.New", 200, false},
        {"Brand.New", 0, false},
        {"", 400, false},         /* a status without a code is a gateway's */
        {FAULT_RESOLVE, 0, true}, /* nothing was sent */
        {FAULT_CONNECT, 0, true},
        {FAULT_PROXY, 0, true},
        {FAULT_TLS, 0, true},
        {FAULT_TLS_TIME, 0, true},
        {FAULT_DEADLINE, 0, true},
        {FAULT_CLOUD_UNREACHABLE, 0, true},
        {FAULT_CLOUD_CONFIG, 0, true},
        {FAULT_CREDENTIALS, 0, true},
        {FAULT_MD_NO_ROLE, 0, true},
        {FAULT_OTHER_INSTANCE, 0, true},
        {FAULT_TIMEOUT, 0, false}, /* sent, then nothing */
        {FAULT_CLOSED, 0, false},
        {FAULT_CLOUD_GONE, 0, false},
        {FAULT_CLOUD_SILENT, 0, false},
        {FAULT_CLOUD_GARBLED, 0, false},
        {FAULT_TOO_LARGE, 200, false},
        {FAULT_NOT_API, 403, false}, /* whoever answered, the API may have acted */
        {FAULT_NOT_API, 429, false},
};

static void refusals_are_told_from_doubts(void **state) {
        (void)state;
        for (size_t i = 0; i < N(refusals); i++) {
                struct fault f = {.http_status = refusals[i].status};

                snprintf(f.code, sizeof(f.code), "%s", refusals[i].code);
                if (fault_is_refusal(&f) != refusals[i].refusal)
                        fail_msg("%s with %u: %d", f.code, f.http_status, !refusals[i].refusal);
        }
}

static const char *const own_codes[] = {
        FAULT_CLOUD_UNREACHABLE,
        FAULT_CLOUD_GONE,
        FAULT_CLOUD_SILENT,
        FAULT_CLOUD_GARBLED,
        FAULT_CLOUD_CONFIG,
        FAULT_RESOLVE,
        FAULT_CONNECT,
        FAULT_PROXY,
        FAULT_TLS,
        FAULT_TLS_TIME,
        FAULT_TIMEOUT,
        FAULT_CLOSED,
        FAULT_TOO_LARGE,
        FAULT_NOT_API,
        FAULT_DEADLINE,
        FAULT_MD_UNREACHABLE,
        FAULT_MD_TOKEN,
        FAULT_MD_FORBIDDEN,
        FAULT_MD_THROTTLED,
        FAULT_MD_NOT_FOUND,
        FAULT_MD_SERVER,
        FAULT_MD_GARBLED,
        FAULT_MD_NO_ROLE,
        FAULT_MD_CREDENTIALS,
        FAULT_CREDENTIALS,
        FAULT_NOT_LISTED,
        FAULT_WRONG_REGION,
        FAULT_OTHER_INSTANCE,
        FAULT_NO_WITNESS,
        FAULT_NOT_RUNNING,
        FAULT_LOCKED,
        FAULT_NO_BANDWIDTH,
        FAULT_EXPIRED,
        FAULT_METADATA_LEADS,
        FAULT_NOT_SHOWN,
        FAULT_NOT_ECS,
        FAULT_BOOT_ID,
        FAULT_LEDGER_WRITE,
        FAULT_HEAL_LIMIT,
        FAULT_HEAL_RECLAIMED,
        FAULT_HEAL_REPLACED,
        FAULT_REBOOT_LIMIT,
        FAULT_REBOOT_SUSPECT,
        FAULT_REBOOT_NEVER,
        FAULT_REBOOT_NOT_DONE,
        FAULT_REBOOT_NO_CURE,
        FAULT_REBOOT_LOST,
        FAULT_CONFIRM_KERNEL,
        FAULT_CONFIRM_METADATA,
        FAULT_CONFIRM_CONTROL,
        FAULT_CONFIRM_OUTSIDE,
        FAULT_EIP_ELSEWHERE,
        FAULT_EIP_NONE,
        FAULT_EIP_MISSING,
        FAULT_EIP_LOCKED,
        FAULT_EIP_LOST,
        FAULT_EIP_SETTLING,
};

static void own_codes_are_in_the_table(void **state) {
        size_t n, n_own = 0;
        const struct fault_row *rows = fault_table(&n);

        (void)state;
        for (size_t i = 0; i < N(own_codes); i++) {
                struct fault f = fault_own(own_codes[i], "why\n\x01");

                assert_true(fault_explain(&f, 0)->own);
                assert_int_equal(f.class, fault_explain(&f, 0)->class);
                assert_string_equal(f.message, "why??");
        }
        for (size_t i = 0; i < n; i++)
                if (rows[i].own) {
                        size_t k = 0;

                        while (k < N(own_codes) && strcmp(own_codes[k], rows[i].code) != 0)
                                k++;
                        assert_true(k < N(own_codes));
                        n_own++;
                }
        assert_true(n_own >= N(own_codes));
}

static void locks_are_told_apart(void **state) {
        struct fault f = fault_own(FAULT_LOCKED, "security");

        (void)state;
        assert_non_null(strstr(fault_sentence(fault_explain(&f, 0)), "security"));
        f = fault_own(FAULT_LOCKED, "dedicatedhostfinancial");
        assert_non_null(strstr(remedy_of(fault_explain(&f, 0)), "Pay"));
        f = fault_own(FAULT_LOCKED, "refunded");
        assert_null(strstr(remedy_of(fault_explain(&f, 0)), "Pay"));
}

static void a_denial_names_its_action(void **state) {
        static const struct {
                const char *message, *action;
        } cases[] = {
                {"You are not authorized. (action: ecs:RebootInstance)", "ecs:RebootInstance"},
                {"(action: vpc:AssociateEipAddress) (from POP)", "vpc:AssociateEipAddress"},
                {"You are not authorized.", "the missing action"},
                {"(action: )", "the missing action"},
                {"(action: ecs:Reboot", "the missing action"},
                {"(action: `rm -rf /`)", "the missing action"},
                {"(action: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa)",
                 "the missing action"},
        };
        char remedy[FAULT_REMEDY_SIZE], want[FAULT_REMEDY_SIZE];

        (void)state;
        for (size_t i = 0; i < N(cases); i++) {
                struct fault f = {.code = "Forbidden.RAM", .http_status = 403};

                snprintf(f.message, sizeof(f.message), "%s", cases[i].message);
                snprintf(want, sizeof(want), "Grant %s to the instance's role", cases[i].action);
                fault_remedy(&f, 0, remedy);
                assert_int_equal(strncmp(remedy, want, strlen(want)), 0);
        }
        /* Where no action is missing, none is put in. */
        fault_remedy(&(struct fault){.code = "IpInUse", .message = "(action: ecs:X)"}, 0, remedy);
        assert_null(strstr(remedy, "ecs:X"));
}

static void every_remedy_comes_whole(void **state) {
        size_t n;
        const struct fault_row *rows = fault_table(&n);
        char remedy[FAULT_REMEDY_SIZE];

        (void)state;
        for (size_t i = 0; i < n; i++) {
                struct fault f = fault_for(&rows[i], "X");

                fault_remedy(&f, rows[i].context, remedy);
                assert_string_equal(remedy, remedy_of(&rows[i]));
        }
}

static void classes_have_names(void **state) {
        (void)state;
        for (enum fault_class c = FAULT_NONE + 1; c < _FAULT_CLASS_MAX; c++)
                assert_int_equal(fault_class_from_name(fault_class_name(c)), c);
        assert_string_equal(fault_class_name(FAULT_NONE), "");
        assert_string_equal(fault_class_name((enum fault_class)99), "");
        assert_int_equal(fault_class_from_name(""), FAULT_NONE);
        assert_int_equal(fault_class_from_name("Retry"), FAULT_NONE);
}

/* Whatever bytes a code and a message are made of, a row explains them. */
static void any_bytes_are_explained(void **state) {
        uint64_t x = 88172645463325252u;

        (void)state;
        for (int i = 0; i < 20000; i++) {
                struct fault f;

                for (size_t k = 0; k < sizeof(f); k++) {
                        x ^= x << 13;
                        x ^= x >> 7;
                        x ^= x << 17;
                        ((unsigned char *)&f)[k] = (unsigned char)x;
                }
                f.code[x % sizeof(f.code)] = f.message[x % sizeof(f.message)] = '\0';
                f.code[sizeof(f.code) - 1] = f.message[sizeof(f.message) - 1] = '\0';
                fault_classify(&f, (unsigned)x & 3);
                assert_true(f.class > FAULT_NONE && f.class < _FAULT_CLASS_MAX);
                fault_is_refusal(&f);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_row_is_reachable),
                cmocka_unit_test(prefixes_fit_what_is_as_long),
                cmocka_unit_test(every_row_speaks),
                cmocka_unit_test(what_a_person_does_ends_with_resume),
                cmocka_unit_test(every_documented_code_has_its_class),
                cmocka_unit_test(every_row_of_the_cloud_is_documented),
                cmocka_unit_test(statuses_decide_for_unknown_codes),
                cmocka_unit_test(a_hint_makes_an_error_throttled),
                cmocka_unit_test(messages_are_matched_whatever_their_case),
                cmocka_unit_test(refusals_are_told_from_doubts),
                cmocka_unit_test(own_codes_are_in_the_table),
                cmocka_unit_test(locks_are_told_apart),
                cmocka_unit_test(a_denial_names_its_action),
                cmocka_unit_test(every_remedy_comes_whole),
                cmocka_unit_test(classes_have_names),
                cmocka_unit_test(any_bytes_are_explained),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
