# SPDX-License-Identifier: Apache-2.0
"""The simulator's verifier against every published signature vector."""

import hashlib

import pytest

from sim import signature

RPC = {"SignatureMethod": "HMAC-SHA1", "SignatureVersion": "1.0"}
SDK = {**RPC, "Version": "", "Action": "", "Format": "JSON", "Timestamp": "mock date",
       "SignatureType": "", "SignatureNonce": "MOCK_UUID", "AccessKeyId": "accessKeyId",
       "RegionId": "regionId"}
REGIONS = {**RPC, "AccessKeyId": "testid", "Action": "DescribeRegions", "Format": "XML",
           "SignatureNonce": "3ee8c1b8-83d3-44af-a94f-4e0ad82fd6cf",
           "Timestamp": "2016-02-23T12:46:24Z", "Version": "2014-05-26"}
HOSTS = {**RPC, "AccessKeyId": "testid", "Action": "DescribeDedicatedHosts", "Format": "JSON",
         "RegionId": "cn-beijing", "SignatureNonce": "edb2b34af0af9a6d14deaf7c1a5315eb",
         "Timestamp": "2023-03-13T08:34:30Z", "Version": "2014-05-26"}
ALLOCATE = {**RPC, "Action": "AllocatePublicIpAddress", "Version": "2014-05-26", "Format": "JSON",
            "AccessKeyId": "STS.testid", "SecurityToken": "CAIS+tok/en==",
            "SignatureNonce": "15215528852396", "Timestamp": "2018-01-01T12:00:00Z",
            "InstanceId": "i-bp1gtjxuuvwj17zr0001"}

# official documentation, SDK unit tests, third parties; the last three computed for this project
RPC_VECTORS = [
    ("GET", REGIONS, "testsecret", "OLeaidS1JvxuMvnyHOwuJ+uX5qY="),
    ("POST", REGIONS, "testsecret", "MxbnVAM4w6sft9xjVpe/GCKueuk="),
    ("GET", HOSTS, "testsecret", "9NaGiOspFP5UPcwX8Iwt2YJXXuk="),
    ("POST", HOSTS, "testsecret", "ZvQ9xGiFnquSJRvj+WE6kdSpTwU="),
    ("GET", SDK, "accessKeySecret", "7loPmFjvDnzOVnQeQNj85S6nFGY="),
    ("GET", {**SDK, "SecurityToken": "accessKeyStsToken"}, "accessKeySecret",
     "5Nxdcler+ihqWqv0Hr2On4PsBf4="),
    ("", {"test": "ok"}, "accessKeySecret", "jHx/oHoHNrbVfhncHEvPdHXZwHU="),
    ("GET", ALLOCATE, "testsecret", "lNAYD4vGAMEqNjE58TKVkQ6qUBo="),
    ("POST", ALLOCATE, "testsecret", "Tyxl2PKGGDyVN55KL+PX4xdTQEs="),
    ("GET", {"InstanceIds": '["i-a b*c~d"]', "AccessKeyId": "testid"}, "testsecret",
     "n9iOHjyU/USVfa981p77a2XFSVY="),
]

EMPTY = hashlib.sha256(b"").hexdigest()
PRINTED = [("host", "ecs.cn-shanghai.aliyuncs.com"), ("x-acs-action", "RunInstances"),
           ("x-acs-content-sha256", EMPTY), ("x-acs-date", "2023-10-26T10:22:32Z"),
           ("x-acs-signature-nonce", "3156853299f313e23d1673dc12e1703d"),
           ("x-acs-version", "2014-05-26")]
OWN = [("host", "ecs-vpc.cn-hangzhou.aliyuncs.com"), ("x-acs-action", "AllocatePublicIpAddress"),
       ("x-acs-content-sha256", EMPTY), ("x-acs-date", "2018-01-01T12:00:00Z"),
       ("x-acs-security-token", "CAIS+tok/en=="), ("x-acs-signature-nonce", "15215528852396"),
       ("x-acs-version", "2014-05-26")]
V3_VECTORS = [
    ("POST", [("RegionId", "cn-shanghai"),
              ("ImageId", "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd")], PRINTED, EMPTY,
     "YourAccessKeySecret", "7ea06492da5221eba5297e897ce16e55f964061054b7695beedaac1145b1e259",
     "06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0"),
    ("", [("test", "ok"), ("empty", "")], [("x-acs-test", "https"), ("x-acs-test", "http")],
     "55e12e91650d2fec56ec74e1d3e4ddbfce2ef3a65890c2a19ecf88a307e76a23", "secret",
     "de5b11a1e2e756c1d859871395fe0b6d47f2564e88a5477eb586c03c6fc105ff",
     "4ab59fffe3c5738ff8a2729f90cc04fe18b02a4b15b2102cbaf92f9ff3df2ea3"),
    ("POST", [("InstanceId", "i-bp1gtjxuuvwj17zr0001")], OWN, EMPTY, "testsecret",
     "490de82a788e6139dfa1ee36d78ddb72617c8258ba1078e5a4fa65e150fae12e",
     "70bf07ec7c57d417dc4fe513713decd0b8680577fec45c6699235ce149f10672"),
    ("POST", [("RegionId", "cn-hangzhou"), ("InstanceIds", '["i-bp1gtjxuuvwj17zr0001"]')],
     [("host", "ecs-vpc.cn-hangzhou.aliyuncs.com"), ("x-acs-action", "DescribeInstances"),
      ("x-acs-content-sha256", EMPTY), ("x-acs-date", "2018-01-01T12:00:00Z"),
      ("x-acs-signature-nonce", "15215528852397"), ("x-acs-version", "2014-05-26")], EMPTY,
     "testsecret", "94918679284f16a07e004f400ebc6123ede0b69b88ee8a88e3cfea2a77fd401e",
     "bbf394b76df2967c9bfad143e98fb805996fdefb1ad7a44891b19e0288639c13"),
]


@pytest.mark.parametrize("method,params,secret,expected", RPC_VECTORS)
def test_rpc(method, params, secret, expected):
    text = signature.rpc_string_to_sign(method, params.items())
    assert signature.rpc_signature(secret, text) == expected


@pytest.mark.parametrize("method,query,headers,payload,secret,digest,expected", V3_VECTORS)
def test_v3(method, query, headers, payload, secret, digest, expected):
    signed = sorted({name for name, _ in headers})
    canonical = signature.v3_canonical(method, "/", signature.canonical_query(query), headers,
                                       signed, payload)
    assert hashlib.sha256(canonical.encode()).hexdigest() == digest
    assert signature.v3_signature(secret, canonical) == expected


def test_colons_and_urls_are_encoded_twice():
    text = signature.rpc_string_to_sign(
        "GET", {"key": "value", "q": "http://domain/?q=value&q2=value2"}.items())
    assert text == ("GET&%2F&key%3Dvalue%26q%3Dhttp%253A%252F%252Fdomain%252F%253Fq%253Dvalue"
                    "%2526q2%253Dvalue2")
