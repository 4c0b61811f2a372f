/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every published signature vector, and a few of our own. "official": printed in the official
 * documentation; "sdk": from an official SDK's tests; "3p": third parties; "own": computed with an
 * independent HMAC implementation.
 */
#pragma once

#include <ecs-pubip/sign.h>

#include "unit.h"

static const struct sign_pair rpc_1[] = {
        {"SignatureMethod", "HMAC-SHA1"},
        {"SignatureVersion", "1.0"},
        {"AccessKeyId", "testid"},
        {"Action", "DescribeRegions"},
        {"Format", "XML"},
        {"SignatureNonce", "3ee8c1b8-83d3-44af-a94f-4e0ad82fd6cf"},
        {"Timestamp", "2016-02-23T12:46:24Z"},
        {"Version", "2014-05-26"},
};
static const struct sign_pair rpc_2[] = {
        {"SignatureMethod", "HMAC-SHA1"},
        {"SignatureVersion", "1.0"},
        {"AccessKeyId", "testid"},
        {"Action", "DescribeDedicatedHosts"},
        {"Format", "JSON"},
        {"RegionId", "cn-beijing"},
        {"SignatureNonce", "edb2b34af0af9a6d14deaf7c1a5315eb"},
        {"Timestamp", "2023-03-13T08:34:30Z"},
        {"Version", "2014-05-26"},
};
static const struct sign_pair rpc_3[] = {
        {"SignatureMethod", "HMAC-SHA1"},
        {"SignatureVersion", "1.0"},
        {"Version", ""},
        {"Action", ""},
        {"Format", "JSON"},
        {"Timestamp", "mock date"},
        {"SignatureType", ""},
        {"SignatureNonce", "MOCK_UUID"},
        {"AccessKeyId", "accessKeyId"},
        {"RegionId", "regionId"},
};
static const struct sign_pair rpc_4[] = {
        {"SignatureMethod", "HMAC-SHA1"},
        {"SignatureVersion", "1.0"},
        {"Version", ""},
        {"Action", ""},
        {"Format", "JSON"},
        {"Timestamp", "mock date"},
        {"SignatureType", ""},
        {"SignatureNonce", "MOCK_UUID"},
        {"AccessKeyId", "accessKeyId"},
        {"RegionId", "regionId"},
        {"SecurityToken", "accessKeyStsToken"},
};
static const struct sign_pair rpc_5[] = {
        {"test", "ok"},
};
static const struct sign_pair rpc_6[] = {
        {"key", "value"},
        {"q", "http://domain/?q=value&q2=value2"},
};
static const struct sign_pair rpc_7[] = {
        {"SignatureMethod", "HMAC-SHA1"},
        {"SignatureVersion", "1.0"},
        {"Action", "AllocatePublicIpAddress"},
        {"Version", "2014-05-26"},
        {"Format", "JSON"},
        {"AccessKeyId", "STS.testid"},
        {"SecurityToken", "CAIS+tok/en=="},
        {"SignatureNonce", "15215528852396"},
        {"Timestamp", "2018-01-01T12:00:00Z"},
        {"InstanceId", "i-bp1gtjxuuvwj17zr0001"},
};
static const struct sign_pair rpc_8[] = {
        {"InstanceIds", "[\"i-a b*c~d\"]"},
        {"AccessKeyId", "testid"},
};
static const struct {
        const char *name;
        const struct sign_pair *params;
        size_t n;
        const char *string, *secret, *get, *post, *empty;
} rpc_vectors[] = {
        {
                .name = "rpc-1, GET official; POST 3p",
                .params = rpc_1,
                .n = N(rpc_1),
                .string =
                        "GET&%2F&AccessKeyId%3Dtestid%26Action%3DDescribeRegions%26Format%3DXML%26Si"
                        "gnatureMethod%3DHMAC-SHA1%26SignatureNonce%3D3ee8c1b8-83d3-44af-a94f-4e0ad8"
                        "2fd6cf%26SignatureVersion%3D1.0%26Timestamp%3D2016-02-23T12%253A46%253A24Z%"
                        "26Version%3D2014-05-26",
                .secret = "testsecret",
                .get = "OLeaidS1JvxuMvnyHOwuJ+uX5qY=",
                .post = "MxbnVAM4w6sft9xjVpe/GCKueuk=",
        },
        {
                .name = "rpc-2, GET 3p (a Go test calls it the official example); POST own",
                .params = rpc_2,
                .n = N(rpc_2),
                .string =
                        "GET&%2F&AccessKeyId%3Dtestid%26Action%3DDescribeDedicatedHosts%26Format%3DJ"
                        "SON%26RegionId%3Dcn-beijing%26SignatureMethod%3DHMAC-SHA1%26SignatureNonce%"
                        "3Dedb2b34af0af9a6d14deaf7c1a5315eb%26SignatureVersion%3D1.0%26Timestamp%3D2"
                        "023-03-13T08%253A34%253A30Z%26Version%3D2014-05-26",
                .secret = "testsecret",
                .get = "9NaGiOspFP5UPcwX8Iwt2YJXXuk=",
                .post = "ZvQ9xGiFnquSJRvj+WE6kdSpTwU=",
        },
        {
                .name = "rpc-3, sdk",
                .params = rpc_3,
                .n = N(rpc_3),
                .string =
                        "GET&%2F&AccessKeyId%3DaccessKeyId%26Action%3D%26Format%3DJSON%26RegionId%3D"
                        "regionId%26SignatureMethod%3DHMAC-SHA1%26SignatureNonce%3DMOCK_UUID%26Signa"
                        "tureType%3D%26SignatureVersion%3D1.0%26Timestamp%3Dmock%2520date%26Version%"
                        "3D",
                .secret = "accessKeySecret",
                .get = "7loPmFjvDnzOVnQeQNj85S6nFGY=",
        },
        {
                .name = "rpc-4, sdk (rpc-3 with SecurityToken)",
                .params = rpc_4,
                .n = N(rpc_4),
                .string =
                        "GET&%2F&AccessKeyId%3DaccessKeyId%26Action%3D%26Format%3DJSON%26RegionId%3D"
                        "regionId%26SecurityToken%3DaccessKeyStsToken%26SignatureMethod%3DHMAC-SHA1%"
                        "26SignatureNonce%3DMOCK_UUID%26SignatureType%3D%26SignatureVersion%3D1.0%26"
                        "Timestamp%3Dmock%2520date%26Version%3D",
                .secret = "accessKeySecret",
                .get = "5Nxdcler+ihqWqv0Hr2On4PsBf4=",
        },
        {
                .name = "rpc-5, sdk (method is the empty string)",
                .params = rpc_5,
                .n = N(rpc_5),
                .string = "&%2F&test%3Dok",
                .secret = "accessKeySecret",
                .empty = "jHx/oHoHNrbVfhncHEvPdHXZwHU=",
        },
        {
                .name = "rpc-6, sdk (encoding only, no signature published)",
                .params = rpc_6,
                .n = N(rpc_6),
                .string =
                        "GET&%2F&key%3Dvalue%26q%3Dhttp%253A%252F%252Fdomain%252F%253Fq%253Dvalue%25"
                        "26q2%253Dvalue2",
        },
        {
                .name = "rpc-7, own",
                .params = rpc_7,
                .n = N(rpc_7),
                .string =
                        "GET&%2F&AccessKeyId%3DSTS.testid%26Action%3DAllocatePublicIpAddress%26Forma"
                        "t%3DJSON%26InstanceId%3Di-bp1gtjxuuvwj17zr0001%26SecurityToken%3DCAIS%252Bt"
                        "ok%252Fen%253D%253D%26SignatureMethod%3DHMAC-SHA1%26SignatureNonce%3D152155"
                        "28852396%26SignatureVersion%3D1.0%26Timestamp%3D2018-01-01T12%253A00%253A00"
                        "Z%26Version%3D2014-05-26",
                .secret = "testsecret",
                .get = "lNAYD4vGAMEqNjE58TKVkQ6qUBo=",
                .post = "Tyxl2PKGGDyVN55KL+PX4xdTQEs=",
        },
        {
                .name = "rpc-8, own (awkward characters)",
                .params = rpc_8,
                .n = N(rpc_8),
                .string =
                        "GET&%2F&AccessKeyId%3Dtestid%26InstanceIds%3D%255B%2522i-a%2520b%252Ac~d%25"
                        "22%255D",
                .secret = "testsecret",
                .get = "n9iOHjyU/USVfa981p77a2XFSVY=",
        },
};
/* v3-1, official */
static const struct sign_pair v3_1_params[] = {
        {"ImageId", "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd"},
        {"RegionId", "cn-shanghai"},
};
static const struct sign_pair v3_1_headers[] = {
        {"host", "ecs.cn-shanghai.aliyuncs.com"},
        {"x-acs-action", "RunInstances"},
        {"x-acs-content-sha256",
         "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"x-acs-date", "2023-10-26T10:22:32Z"},
        {"x-acs-signature-nonce", "3156853299f313e23d1673dc12e1703d"},
        {"x-acs-version", "2014-05-26"},
};
/* v3-2, sdk */
static const struct sign_pair v3_2_params[] = {
        {"empty", ""},
        {"test", "ok"},
};
static const struct sign_pair v3_2_headers[] = {
        {"x-acs-test", "https"}, /* repeated: sorted and joined */
        {"x-acs-test", "http"},
};
/* v3-3, own (temporary credentials) */
static const struct sign_pair v3_3_params[] = {
        {"InstanceId", "i-bp1gtjxuuvwj17zr0001"},
};
static const struct sign_pair v3_3_headers[] = {
        {"host", "ecs-vpc.cn-hangzhou.aliyuncs.com"},
        {"x-acs-action", "AllocatePublicIpAddress"},
        {"x-acs-content-sha256",
         "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"x-acs-date", "2018-01-01T12:00:00Z"},
        {"x-acs-security-token", "CAIS+tok/en=="},
        {"x-acs-signature-nonce", "15215528852396"},
        {"x-acs-version", "2014-05-26"},
};
/* v3-4, own (JSON text in the query) */
static const struct sign_pair v3_4_params[] = {
        {"InstanceIds", "[\"i-bp1gtjxuuvwj17zr0001\"]"},
        {"RegionId", "cn-hangzhou"},
};
static const struct sign_pair v3_4_headers[] = {
        {"host", "ecs-vpc.cn-hangzhou.aliyuncs.com"},
        {"x-acs-action", "DescribeInstances"},
        {"x-acs-content-sha256",
         "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"x-acs-date", "2018-01-01T12:00:00Z"},
        {"x-acs-signature-nonce", "15215528852397"},
        {"x-acs-version", "2014-05-26"},
};
static const struct {
        const char *name, *method, *path, *payload, *names;
        const struct sign_pair *params, *headers;
        size_t n_params, n_headers;
        const char *canonical, *sha256, *secret, *signature;
} v3_vectors[] = {
        {.name = "v3-1, official",
         .method = "POST",
         .path = "/",
         .payload = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
         .names = "host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-ac"
                  "s-version",
         .params = v3_1_params,
         .n_params = N(v3_1_params),
         .headers = v3_1_headers,
         .n_headers = N(v3_1_headers),
         .canonical = "POST\n"
                      "/\n"
                      "ImageId=win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd&RegionId=cn-"
                      "shanghai\n"
                      "host:ecs.cn-shanghai.aliyuncs.com\n"
                      "x-acs-action:RunInstances\n"
                      "x-acs-content-sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca49"
                      "5991b7852b855\n"
                      "x-acs-date:2023-10-26T10:22:32Z\n"
                      "x-acs-signature-nonce:3156853299f313e23d1673dc12e1703d\n"
                      "x-acs-version:2014-05-26\n"
                      "\n"
                      "host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;"
                      "x-acs-version\n"
                      "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
         .sha256 = "7ea06492da5221eba5297e897ce16e55f964061054b7695beedaac1145b1e259",
         .secret = "YourAccessKeySecret",
         .signature = "06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0"},
        {.name = "v3-2, sdk",
         .method = "",
         .path = "/",
         .payload = "55e12e91650d2fec56ec74e1d3e4ddbfce2ef3a65890c2a19ecf88a307e76a23",
         .names = "x-acs-test",
         .params = v3_2_params,
         .n_params = N(v3_2_params),
         .headers = v3_2_headers,
         .n_headers = N(v3_2_headers),
         .canonical = "\n"
                      "/\n"
                      "empty=&test=ok\n"
                      "x-acs-test:http,https\n"
                      "\n"
                      "x-acs-test\n"
                      "55e12e91650d2fec56ec74e1d3e4ddbfce2ef3a65890c2a19ecf88a307e76a23",
         .sha256 = "de5b11a1e2e756c1d859871395fe0b6d47f2564e88a5477eb586c03c6fc105ff",
         .secret = "secret",
         .signature = "4ab59fffe3c5738ff8a2729f90cc04fe18b02a4b15b2102cbaf92f9ff3df2ea3"},
        {.name = "v3-3, own (temporary credentials)",
         .method = "POST",
         .path = "/",
         .payload = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
         .names = "host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-security-token;x-acs"
                  "-signature-nonce;x-acs-version",
         .params = v3_3_params,
         .n_params = N(v3_3_params),
         .headers = v3_3_headers,
         .n_headers = N(v3_3_headers),
         .canonical = "POST\n"
                      "/\n"
                      "InstanceId=i-bp1gtjxuuvwj17zr0001\n"
                      "host:ecs-vpc.cn-hangzhou.aliyuncs.com\n"
                      "x-acs-action:AllocatePublicIpAddress\n"
                      "x-acs-content-sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca49"
                      "5991b7852b855\n"
                      "x-acs-date:2018-01-01T12:00:00Z\n"
                      "x-acs-security-token:CAIS+tok/en==\n"
                      "x-acs-signature-nonce:15215528852396\n"
                      "x-acs-version:2014-05-26\n"
                      "\n"
                      "host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-security-token;x"
                      "-acs-signature-nonce;x-acs-version\n"
                      "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
         .sha256 = "490de82a788e6139dfa1ee36d78ddb72617c8258ba1078e5a4fa65e150fae12e",
         .secret = "testsecret",
         .signature = "70bf07ec7c57d417dc4fe513713decd0b8680577fec45c6699235ce149f10672"},
        {.name = "v3-4, own (JSON text in the query)",
         .method = "POST",
         .path = "/",
         .payload = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
         .names = "host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-ac"
                  "s-version",
         .params = v3_4_params,
         .n_params = N(v3_4_params),
         .headers = v3_4_headers,
         .n_headers = N(v3_4_headers),
         .canonical = "POST\n"
                      "/\n"
                      "InstanceIds=%5B%22i-bp1gtjxuuvwj17zr0001%22%5D&RegionId=cn-hangzhou\n"
                      "host:ecs-vpc.cn-hangzhou.aliyuncs.com\n"
                      "x-acs-action:DescribeInstances\n"
                      "x-acs-content-sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca49"
                      "5991b7852b855\n"
                      "x-acs-date:2018-01-01T12:00:00Z\n"
                      "x-acs-signature-nonce:15215528852397\n"
                      "x-acs-version:2014-05-26\n"
                      "\n"
                      "host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;"
                      "x-acs-version\n"
                      "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
         .sha256 = "94918679284f16a07e004f400ebc6123ede0b69b88ee8a88e3cfea2a77fd401e",
         .secret = "testsecret",
         .signature = "bbf394b76df2967c9bfad143e98fb805996fdefb1ad7a44891b19e0288639c13"},
};
