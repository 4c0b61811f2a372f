/* SPDX-License-Identifier: Apache-2.0 */
/* Replies of the API in both formats: good ones, and everything else that may come instead. */
#include "unit.h"

#include <errno.h>

#include <ecs-pubip/reply.h>

#include "mutate.h"
#include "util/buf.h"

#define ID "i-bp1gtjxuuvwj17zr0001"

static const char instance_json[] =
        "{\"TotalCount\":1,\"PageSize\":10,\"RequestId\":\"R-1\",\"NextToken\":\"\","
        "\"Instances\":{\"Instance\":[{\"InstanceId\":\"" ID "\",\"Status\":\"Running\","
        "\"InstanceNetworkType\":\"vpc\",\"InstanceChargeType\":\"PrePaid\","
        "\"InternetMaxBandwidthOut\":5,\"ExpiredTime\":\"2017-12-10T04:04Z\","
        "\"PublicIpAddress\":{\"IpAddress\":[\"203.0.113.10\"]},"
        "\"InnerIpAddress\":{\"IpAddress\":[]},"
        "\"EipAddress\":{\"AllocationId\":\"eip-1\",\"IpAddress\":\"203.0.113.11\",\"Bandwidth\":5,"
        "\"IsSupportUnassociate\":true},"
        "\"VpcAttributes\":{\"VpcId\":\"vpc-1\",\"PrivateIpAddress\":{\"IpAddress\":"
        "[\"172.16.0.10\"]},\"NatIpAddress\":\"\"},"
        "\"OperationLocks\":{\"LockReason\":[{\"LockReason\":\"Recycling\",\"LockMsg\":\"\"},"
        "{\"LockReason\":\"security\"}]},"
        "\"NetworkInterfaces\":{\"NetworkInterface\":[{\"MacAddress\":\"00:16:3E:0A:0B:0C\","
        "\"PrimaryIpAddress\":\"172.16.0.10\",\"PrivateIpSets\":{\"PrivateIpSet\":["
        "{\"Primary\":true,\"PrivateIpAddress\":\"172.16.0.10\"},"
        "{\"Primary\":false,\"PrivateIpAddress\":\"172.16.0.11\"}]}}]}}]}}";

static const char instance_xml[] =
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        "<DescribeInstancesResponse><TotalCount>1</TotalCount><RequestId>R-1</RequestId>\n"
        "<Instances><Instance><InstanceId>" ID "</InstanceId><Status>Running</Status>"
        "<InstanceNetworkType>vpc</InstanceNetworkType>"
        "<InstanceChargeType>PrePaid</InstanceChargeType>"
        "<InternetMaxBandwidthOut>5</InternetMaxBandwidthOut>"
        "<ExpiredTime>2017-12-10T04:04:00Z</ExpiredTime>"
        "<PublicIpAddress><IpAddress>203.0.113.10</IpAddress></PublicIpAddress>"
        "<InnerIpAddress/>"
        "<EipAddress><AllocationId>eip-1</AllocationId><IpAddress>203.0.113.11</IpAddress>"
        "</EipAddress>"
        "<VpcAttributes><PrivateIpAddress><IpAddress>172.16.0.10</IpAddress></PrivateIpAddress>"
        "</VpcAttributes>"
        "<OperationLocks><LockReason><LockReason>Recycling</LockReason><LockMsg></LockMsg>"
        "</LockReason><LockReason><LockReason>security</LockReason></LockReason></OperationLocks>"
        "<NetworkInterfaces><NetworkInterface><MacAddress>00:16:3E:0A:0B:0C</MacAddress>"
        "<PrimaryIpAddress>172.16.0.10</PrimaryIpAddress><PrivateIpSets>"
        "<PrivateIpSet><PrivateIpAddress>172.16.0.10</PrivateIpAddress></PrivateIpSet>"
        "<PrivateIpSet><PrivateIpAddress>172.16.0.11</PrivateIpAddress></PrivateIpSet>"
        "</PrivateIpSets></NetworkInterface></NetworkInterfaces>"
        "</Instance></Instances></DescribeInstancesResponse>";

/* One instance of JSON, with these members beside InstanceId. */
#define ONE(members)                                                                               \
        "{\"RequestId\":\"R\",\"Instances\":{\"Instance\":[{\"InstanceId\":\"" ID "\"," members    \
        "}]}}"
#define STATUS    "\"Status\":\"Running\","
#define BANDWIDTH "\"InternetMaxBandwidthOut\":5,"
#define NO_STATIC "\"PublicIpAddress\":{\"IpAddress\":[]},"
#define NO_EIP    "\"EipAddress\":{\"IpAddress\":\"\",\"AllocationId\":\"\"}"

static int parse_instance(const char *text, struct instance *ret) {
        char request_id[REQUEST_ID_SIZE];

        return reply_parse_instance(text, strlen(text), ID, ret, request_id);
}

static void check_instance(const char *text) {
        char request_id[REQUEST_ID_SIZE] = "";
        struct instance i;

        assert_int_equal(reply_parse_instance(text, strlen(text), ID, &i, request_id), 0);
        assert_string_equal(request_id, "R-1");
        assert_string_equal(i.instance_id, ID);
        assert_string_equal(i.status, "Running");
        assert_int_equal(i.network, NETWORK_VPC);
        assert_int_equal(i.public_ip, ip4("203.0.113.10"));
        assert_int_equal(i.eip, ip4("203.0.113.11"));
        assert_string_equal(i.eip_id, "eip-1");
        assert_string_equal(i.locks, "recycling, security");
        assert_int_equal(i.bandwidth_out, 5);
        assert_int_equal(i.charge, CHARGE_PREPAID);
        assert_int_equal(i.expires, 1512878640);
        assert_int_equal(i.n_private, 2);
        assert_int_equal(i.private_ips[0], ip4("172.16.0.10"));
        assert_int_equal(i.private_ips[1], ip4("172.16.0.11"));
        assert_int_equal(i.n_macs, 1);
        assert_string_equal(i.macs[0], "00:16:3e:0a:0b:0c");
}

static void test_instance(void **state) {
        (void)state;
        check_instance(instance_json);
        check_instance(instance_xml);
}

static void expect_no_instance(const char *text) {
        struct instance i;

        if (parse_instance(text, &i) != -EBADMSG)
                fail_msg("accepted: %s", text);
}

/* Laws L6 and L10: no address from fields that are there and empty, and only from those. */
static void test_instance_without_address(void **state) {
        static const char *const good[] = {
                ONE(STATUS BANDWIDTH NO_STATIC NO_EIP),
                ONE(STATUS BANDWIDTH "\"PublicIpAddress\":{},\"EipAddress\":{}"),
                ONE(STATUS BANDWIDTH "\"PublicIpAddress\":{\"IpAddress\":[\"\"]}," NO_EIP),
                "<X> <Instances> <Instance> <InstanceId>\n" ID
                "\n</InstanceId> <Status>Stopped</Status>"
                " <InternetMaxBandwidthOut> 0 </InternetMaxBandwidthOut> <PublicIpAddress>\n"
                "</PublicIpAddress> <EipAddress> <IpAddress> </IpAddress> <AllocationId/>"
                "</EipAddress> </Instance> </Instances> </X>",
                "<X><Instances><Instance><InstanceId>" ID "</InstanceId><Status>Stopped</Status>"
                "<InternetMaxBandwidthOut>0</InternetMaxBandwidthOut><PublicIpAddress><IpAddress/>"
                "</PublicIpAddress><EipAddress/></Instance></Instances></X>",
                "<X><Instances><Instance><InstanceId>" ID "</InstanceId><Status>Stopped</Status>"
                "<InternetMaxBandwidthOut>0</InternetMaxBandwidthOut><PublicIpAddress/>"
                "<EipAddress></EipAddress></Instance></Instances></X>",
        };
        static const char *const bad[] = {
                ONE(STATUS BANDWIDTH NO_EIP),
                ONE(STATUS BANDWIDTH NO_STATIC "\"X\":1"),
                ONE(BANDWIDTH NO_STATIC NO_EIP),
                ONE(STATUS NO_STATIC NO_EIP),
                ONE(STATUS "\"InternetMaxBandwidthOut\":\"many\"," NO_STATIC NO_EIP),
                ONE(STATUS "\"InternetMaxBandwidthOut\":null," NO_STATIC NO_EIP),
                ONE(STATUS BANDWIDTH "\"PublicIpAddress\":{\"IpAddress\":[\"none\"]}," NO_EIP),
                ONE(STATUS BANDWIDTH NO_STATIC "\"EipAddress\":{\"IpAddress\":\"203.0.113\"}"),
                ONE(STATUS BANDWIDTH "\"PublicIpAddress\":\"203.0.113.9\"," NO_EIP),
                ONE(STATUS BANDWIDTH NO_STATIC "\"EipAddress\":\"none\""),
                ONE(STATUS "\"InternetMaxBandwidthOut\":[]," NO_STATIC NO_EIP),
                ONE(STATUS "\"InternetMaxBandwidthOut\":{}," NO_STATIC NO_EIP),
                ONE(STATUS "\"InternetMaxBandwidthOut\":[5]," NO_STATIC NO_EIP),
        };
        struct instance i;

        (void)state;
        for (size_t k = 0; k < N(good); k++) {
                assert_int_equal(parse_instance(good[k], &i), 0);
                assert_true(i.public_ip == 0 && i.eip == 0);
        }
        for (size_t k = 0; k < N(bad); k++)
                expect_no_instance(bad[k]);
}

/* Law L6 again: whatever stands where an address would, but an empty one in its own shape. */
static void test_odd_shapes(void **state) {
        static const char *const statics[] = {
                "null",
                "\"\"",
                "0",
                "false",
                "[]",
                "[{}]",
                "[null]",
                "[{\"IpAddress\":[]}]",
                "{\"IpAddress\":null}",
                "{\"IpAddress\":\"\"}",
                "{\"IpAddress\":0}",
                "{\"IpAddress\":false}",
                "{\"IpAddress\":{}}",
                "{\"IpAddress\":[null]}",
                "{\"IpAddress\":[{}]}",
                "{\"IpAddress\":[[]]}",
                "{\"IpAddress\":[\"\",null]}",
                "{\"IpAddress\":[{\"IpAddress\":\"203.0.113.9\"}]}",
                "{\"Ip\":[\"203.0.113.9\"]}",
        };
        static const char *const eips[] = {
                "null",
                "\"\"",
                "0",
                "false",
                "[]",
                "[{}]",
                "[null]",
                "{\"AllocationId\":\"\"}",
                "{\"IpAddress\":null}",
                "{\"IpAddress\":0}",
                "{\"IpAddress\":[]}",
                "{\"IpAddress\":{}}",
                "{\"IpAddress\":{\"Ip\":\"203.0.113.9\"}}",
        };
        static const char *const xml[] = {
                "<PublicIpAddress>none</PublicIpAddress><EipAddress/>",
                "<PublicIpAddress><Ip>203.0.113.9</Ip></PublicIpAddress><EipAddress/>",
                "<PublicIpAddress>203.0.113.9<IpAddress/></PublicIpAddress><EipAddress/>",
                "<PublicIpAddress><IpAddress/>203.0.113.9</PublicIpAddress><EipAddress/>",
                "<PublicIpAddress><IpAddress><IpAddress>203.0.113.9</IpAddress></IpAddress>"
                "</PublicIpAddress><EipAddress/>",
                "<PublicIpAddress/><EipAddress><AllocationId/></EipAddress>",
                "<PublicIpAddress/><EipAddress>203.0.113.9</EipAddress>",
                "<PublicIpAddress/>",
                "<EipAddress/>",
        };
        char text[1024];

        (void)state;
        for (size_t k = 0; k < N(statics); k++) {
                snprintf(text, sizeof(text), ONE(STATUS BANDWIDTH "\"PublicIpAddress\":%s," NO_EIP),
                         statics[k]);
                expect_no_instance(text);
        }
        for (size_t k = 0; k < N(eips); k++) {
                snprintf(text, sizeof(text), ONE(STATUS BANDWIDTH NO_STATIC "\"EipAddress\":%s"),
                         eips[k]);
                expect_no_instance(text);
        }
        for (size_t k = 0; k < N(xml); k++) {
                snprintf(text, sizeof(text),
                         "<X><Instances><Instance><InstanceId>" ID "</InstanceId><Status>Running"
                         "</Status><InternetMaxBandwidthOut>5</InternetMaxBandwidthOut>%s"
                         "</Instance></Instances></X>",
                         xml[k]);
                expect_no_instance(text);
        }
}

/* More blanks than a value may have bytes, and then an address. */
static void test_blanks_before_an_address(void **state) {
        _cleanup_buf_ struct buf text = BUF(1u << 20);
        struct instance i;

        (void)state;
        buf_puts(&text, "<X><Instances><Instance><InstanceId>" ID "</InstanceId><Status>Running"
                        "</Status><InternetMaxBandwidthOut>5</InternetMaxBandwidthOut>"
                        "<EipAddress/><PublicIpAddress><IpAddress>");
        for (unsigned k = 0; k < 20000; k++)
                buf_puts(&text, k % 2 ? "\n" : " ");
        buf_puts(&text, "203.0.113.10 </IpAddress></PublicIpAddress></Instance></Instances></X>");
        assert_int_equal(parse_instance(text.data, &i), 0);
        assert_int_equal(i.public_ip, ip4("203.0.113.10"));
}

/* An empty list is an answer; something without a list is none. */
static void test_not_listed(void **state) {
        static const char *const not_listed[] = {
                "{\"TotalCount\":0,\"Instances\":{\"Instance\":[]},\"RequestId\":\"R\"}",
                "{\"Instances\":{}}",
                "<DescribeInstancesResponse><Instances/></DescribeInstancesResponse>",
                "{\"Instances\":{\"Instance\":[{\"InstanceId\":\"i-other\"}]}}",
        };
        static const char *const no_list[] = {
                "",
                "null",
                "{}",
                "<a/>",
                "{\"RequestId\":\"R\"}",
                "<html><body>502</body></html>",
                "{\"Instances\":{\"Instance\":[]},\"Code\":\"Forbidden.RAM\"}",
                "{\"Instances\":null}",
                "{\"Instances\":\"\"}",
                "{\"Instances\":\"none\"}",
                "{\"Instances\":0}",
                "{\"Instances\":[]}",
                "{\"Instances\":[{\"Instance\":[]}]}",
                "{\"Instances\":{\"Instance\":null}}",
                "{\"Instances\":{\"Instance\":\"\"}}",
                "{\"Instances\":{\"Instance\":\"none\"}}",
                "{\"Instances\":{\"Instance\":[null]}}",
                "{\"Instances\":{\"Instance\":[\"\"]}}",
                "{\"Instances\":{\"Instances\":[]}}",
                "<X><Instances>none</Instances></X>",
                "<X><Instances><Instance>none</Instance></Instances></X>",
                "<X><Instances><Instances/></Instances></X>",
        };
        struct instance i, before;

        (void)state;
        memset(&before, 0x5a, sizeof(before));
        i = before;
        for (size_t k = 0; k < N(not_listed); k++)
                assert_int_equal(parse_instance(not_listed[k], &i), -ENOENT);
        for (size_t k = 0; k < N(no_list); k++)
                assert_int_equal(parse_instance(no_list[k], &i), -EBADMSG);
        assert_memory_equal(&i, &before, sizeof(i));
}

/* Samples in documents print one object where an array is real. */
static void test_object_for_array(void **state) {
        static const char text[] =
                "{\"Instances\":{\"Instance\":{\"InstanceId\":\"" ID "\"," STATUS BANDWIDTH
                "\"PublicIpAddress\":{\"IpAddress\":\"203.0.113.10\"}}}}";
        struct instance i;

        (void)state;
        assert_int_equal(parse_instance(text, &i), 0);
        assert_int_equal(i.public_ip, ip4("203.0.113.10"));
}

/* Only a prepaid instance's end is a time; what is none leaves it unknown. */
static void test_odd_times(void **state) {
        static const char *const cases[] = {"", "soon", "0017-12-10T04:04Z",
                                            "1970-01-01T00:00:00Z"};
        char text[1024];
        struct instance i;

        (void)state;
        for (size_t k = 0; k < N(cases); k++) {
                snprintf(text, sizeof(text),
                         ONE(STATUS BANDWIDTH NO_STATIC NO_EIP ",\"ExpiredTime\":\"%s\""),
                         cases[k]);
                assert_int_equal(parse_instance(text, &i), 0);
                assert_int_equal(i.expires, 0);
        }
}

/* An instance with this many elements of a list, each made of its number. */
static void parse_many(const char *head, const char *element, int n, struct instance *ret) {
        _cleanup_buf_ struct buf text = BUF(65536);

        buf_puts(&text, "{\"Instances\":{\"Instance\":[{\"InstanceId\":\"" ID
                        "\"," STATUS BANDWIDTH NO_STATIC NO_EIP ",");
        buf_puts(&text, head);
        for (int k = 0; k < n; k++) {
                const char *number = strchr(element, '#');

                assert_non_null(number);
                buf_printf(&text, "%s%.*s%02d%s", k ? "," : "", (int)(number - element), element, k,
                           number + 1);
        }
        buf_puts(&text, "]}}]}}");
        assert_int_equal(text.error, 0);
        assert_int_equal(parse_instance(text.data, ret), 0);
}

/* More NICs than we keep are counted as none; a malformed one is no reason to refuse the rest. */
static void test_many_addresses(void **state) {
        static const char head[] = "\"NetworkInterfaces\":{\"NetworkInterface\":["
                                   "{\"MacAddress\":\"nonsense\",\"PrimaryIpAddress\":\"x\"},";
        struct instance i;

        (void)state;
        parse_many(head, "{\"MacAddress\":\"00:16:3e:00:00:#\"}", 99, &i);
        assert_int_equal(i.n_macs, INSTANCE_ADDRS);
        assert_int_equal(i.n_private, 0);
        parse_many(head, "{\"PrimaryIpAddress\":\"10.0.0.1#\"}", 99, &i);
        assert_int_equal(i.n_private, INSTANCE_ADDRS);
        assert_int_equal(i.n_macs, 0);
}

static void test_many_locks(void **state) {
        struct instance i;

        (void)state;
        parse_many("\"OperationLocks\":{\"LockReason\":[", "{\"LockReason\":\"Reason#\"}", 99, &i);
        assert_int_equal(strncmp(i.locks, "reason00, reason01, ", 20), 0);
        assert_true(strlen(i.locks) < LOCKS_SIZE);
}

static void test_allocate(void **state) {
        static const struct {
                const char *text;
                int r;
        } cases[] = {
                {"{\"RequestId\":\"R\",\"IpAddress\":\"203.0.113.10\"}", 0},
                {"{\"requestId\":\"R\",\"ipAddress\":\"203.0.113.10\"}", 0},
                {"<AllocatePublicIpAddressResponse><RequestId>R</RequestId>"
                 "<IpAddress>203.0.113.10</IpAddress></AllocatePublicIpAddressResponse>",
                 0},
                {"\xef\xbb\xbf <X><RequestId>R</RequestId><IpAddress>203.0.113.10</IpAddress></X>",
                 0},
                {"{\"RequestId\":\"R\"}", -EBADMSG},
                {"{\"RequestId\":\"R\",\"IpAddress\":\"\"}", -EBADMSG},
                {"{\"RequestId\":\"R\",\"IpAddress\":\"112.124.x.x\"}", -EBADMSG},
                {"{\"RequestId\":\"R\",\"IpAddress\":\"203.0.113.10\",\"Code\":\"X\"}", -EBADMSG},
                {"{\"RequestId\":\"R\",\"IpAddress\":\"203.0.113.10\"", -EBADMSG},
                {"<X><IpAddress>203.0.113.10</IpAddress>", -EBADMSG},
        };

        (void)state;
        for (size_t k = 0; k < N(cases); k++) {
                char request_id[REQUEST_ID_SIZE] = "";
                in_addr_t address = 7;

                if (reply_parse_allocate(cases[k].text, strlen(cases[k].text), &address,
                                         request_id) != cases[k].r)
                        fail_msg("%s", cases[k].text);
                assert_int_equal(address, cases[k].r ? 7 : ip4("203.0.113.10"));
                if (cases[k].r == 0)
                        assert_string_equal(request_id, "R");
        }
}

static void test_done(void **state) {
        char request_id[REQUEST_ID_SIZE] = "";
        static const char json[] = "{\"RequestId\":\"R-2\",\"OrderId\":\"1\"}";
        static const char xml[] = "<RebootInstanceResponse><RequestId>R-3</RequestId>"
                                  "</RebootInstanceResponse>";

        (void)state;
        assert_int_equal(reply_parse_done(json, strlen(json), request_id), 0);
        assert_string_equal(request_id, "R-2");
        assert_int_equal(reply_parse_done(xml, strlen(xml), request_id), 0);
        assert_string_equal(request_id, "R-3");
        assert_int_equal(reply_parse_done("{}", 2, request_id), -EBADMSG);
        assert_int_equal(reply_parse_done("<a/>", 4, request_id), -EBADMSG);
        assert_int_equal(reply_parse_done("OK", 2, request_id), -EBADMSG);
        assert_string_equal(request_id, "R-3");
}

static const char eips_json[] =
        "{\"TotalCount\":3,\"RequestId\":\"R\",\"EipAddresses\":{\"EipAddress\":["
        "{\"AllocationId\":\"eip-1\",\"IpAddress\":\"203.0.113.1\",\"Status\":\"Available\","
        "\"InstanceId\":\"\",\"InstanceType\":\"\",\"Bandwidth\":\"5\",\"BusinessStatus\":\"Normal\","
        "\"OperationLocks\":{\"LockReason\":[]},\"Descritpion\":\"\",\"Name\":\"nn\","
        "\"Tags\":{\"Tag\":[{\"Key\":\"a\"},{\"Key\":\"c\",\"Value\":\"b\"}]}},"
        "{\"AllocationId\":\"eip-2\",\"IpAddress\":\"203.0.113.2\",\"Status\":\"InUse\","
        "\"Tags\":{\"Tag\":[{\"Key\":\"x\",\"Value\":\"\"},{\"Value\":\"b\",\"Key\":\"a\"}]},"
        "\"Name\":\"n\",\"InstanceId\":\"i-1\",\"Mode\":\"BINDED\",\"BusinessStatus\":\"FinancialLocked\"},"
        "{\"AllocationId\":\"eip-3\",\"IpAddress\":\"203.0.113.3\",\"Status\":\"Associating\","
        "\"Mode\":\"NAT\",\"OperationLocks\":{\"LockReason\":[{\"LockReason\":\"security\"}]}}]}}";

static const char eips_xml[] =
        "<DescribeEipAddressesResponse><RequestId>R</RequestId><EipAddresses>"
        "<EipAddress><AllocationId>eip-1</AllocationId><IpAddress>203.0.113.1</IpAddress>"
        "<Status>Available</Status><InstanceId/><BusinessStatus>Normal</BusinessStatus>"
        "<OperationLocks/><Tags><Tag><Key>a</Key><Value>bb</Value></Tag></Tags></EipAddress>"
        "<EipAddress><AllocationId>eip-2</AllocationId><IpAddress>203.0.113.2</IpAddress>"
        "<Status>InUse</Status><Name>n</Name><InstanceId>i-1</InstanceId>"
        "<Mode>BINDED</Mode>"
        "<Tags><Tag><Key>a</Key><Value>b</Value></Tag><Tag><Key>c</Key></Tag></Tags>"
        "<BusinessStatus>FinancialLocked</BusinessStatus></EipAddress>"
        "<EipAddress><AllocationId>eip-3</AllocationId><IpAddress>203.0.113.3</IpAddress>"
        "<Status>Associating</Status><Mode>NAT</Mode><OperationLocks><LockReason>"
        "<LockReason>security</LockReason></LockReason></OperationLocks></EipAddress>"
        "</EipAddresses></DescribeEipAddressesResponse>";

#define ONE_EIP(members) "{\"EipAddresses\":{\"EipAddress\":[{" members "}]}}"
#define EIP_ID_AND_IP    "\"AllocationId\":\"e\",\"IpAddress\":\"203.0.113.1\","

static void check_eips(const char *text) {
        char request_id[REQUEST_ID_SIZE];
        struct eip e[4];
        size_t n;
        bool odd;

        assert_int_equal(reply_parse_eips(text, strlen(text), &(struct eip_filter){"a=b", "n"}, e,
                                          N(e), &n, &odd, request_id),
                         0);
        assert_int_equal(n, 3);
        assert_string_equal(e[0].allocation_id, "eip-1");
        assert_int_equal(e[0].address, ip4("203.0.113.1"));
        assert_int_equal(e[0].status, EIP_AVAILABLE);
        assert_string_equal(e[0].bound_to, "");
        assert_false(e[0].locked);
        assert_false(e[0].tagged);
        assert_int_equal(e[0].mode, EIP_MODE_UNKNOWN);
        assert_true(e[1].tagged);
        assert_true(e[1].named);
        assert_false(e[0].named);
        assert_false(e[2].named);
        assert_false(e[2].tagged);
        assert_int_equal(e[1].status, EIP_IN_USE);
        assert_int_equal(e[1].mode, EIP_CUT_THROUGH);
        assert_string_equal(e[1].bound_to, "i-1");
        assert_true(e[1].locked);
        assert_int_equal(e[2].status, EIP_ASSOCIATING);
        assert_int_equal(e[2].mode, EIP_NAT);
        assert_true(e[2].locked);
        assert_int_equal(reply_parse_eips(text, strlen(text), &(struct eip_filter){"a=b", "n"}, e,
                                          1, &n, &odd, request_id),
                         0);
        assert_int_equal(n, 1);
}

#define OURS            "i-bp1gtjxuuvwj17zr0001"
#define EIP_NONE        "\"EipAddress\":{\"IpAddress\":\"\"}"
#define PUBLIC_IP_NONE  "\"PublicIpAddress\":{\"IpAddress\":[]}"
#define PUBLIC_IP(text) "\"PublicIpAddress\":{\"IpAddress\":[\"" text "\"]}"
#define IS(id, rest)    "{\"InstanceId\":\"" id "\",\"Status\":\"Running\"," rest "}"
#define LIST(list)      "{\"RequestId\":\"R\",\"Instances\":{\"Instance\":[" list "]}}"
#define GOOD            IS(OURS, PUBLIC_IP("203.0.113.9") "," EIP_NONE ",\"InternetMaxBandwidthOut\":5")

/* What stands beside our address spoils it not; what is no public address is not "none". */
static void test_what_is_right_is_taken(void **state) {
        static const struct {
                const char *text;
                int r, bandwidth;
                const char *address;
        } cases[] = {
                {LIST(GOOD), 0, 5, "203.0.113.9"},
                {LIST(IS(OURS, PUBLIC_IP_NONE "," EIP_NONE ",\"InternetMaxBandwidthOut\":-1")), 0,
                 -1, NULL},
                {LIST(IS(OURS, PUBLIC_IP("203.0.113.9") "," EIP_NONE
                                                        ",\"InternetMaxBandwidthOut\":null")),
                 0, -1, "203.0.113.9"},
                {LIST(IS(OURS, PUBLIC_IP("203.0.113.9"))), 0, -1, "203.0.113.9"},
                {LIST(IS(OURS, PUBLIC_IP(" 203.0.113.9 ") "," EIP_NONE)), 0, -1, "203.0.113.9"},
                {LIST(IS(OURS, PUBLIC_IP_NONE "," EIP_NONE ",\"InternetMaxBandwidthOut\":1000000")),
                 0, 1000000, NULL},
                {LIST(IS(OURS, PUBLIC_IP_NONE "," EIP_NONE ",\"InternetMaxBandwidthOut\":1000001")),
                 -EBADMSG, 0, NULL},
                {LIST(IS(OURS, PUBLIC_IP_NONE "," EIP_NONE)), -EBADMSG, 0, NULL},
                /* others */
                {LIST(IS("i-2", PUBLIC_IP("203.0.*.*") ",\"InternetMaxBandwidthOut\":-1") "," GOOD),
                 0, 5, "203.0.113.9"},
                {LIST("null," GOOD), 0, 5, "203.0.113.9"},
                {LIST("\"i-2\"," GOOD), 0, 5, "203.0.113.9"},
                {LIST(GOOD ",[]"), 0, 5, "203.0.113.9"},
                {LIST("null"), -EBADMSG, 0, NULL},
                {LIST(IS("i-2", PUBLIC_IP("203.0.113.8"))), -ENOENT, 0, NULL},
                {LIST(GOOD "," GOOD), -EBADMSG, 0, NULL},
                /* no public addresses */
                {LIST(IS(OURS,
                         PUBLIC_IP("127.0.0.1") "," EIP_NONE ",\"InternetMaxBandwidthOut\":5")),
                 -EBADMSG, 0, NULL},
                {LIST(IS(OURS,
                         PUBLIC_IP("100.64.0.9") "," EIP_NONE ",\"InternetMaxBandwidthOut\":5")),
                 -EBADMSG, 0, NULL},
                {LIST(IS(OURS,
                         PUBLIC_IP("224.0.0.251") "," EIP_NONE ",\"InternetMaxBandwidthOut\":5")),
                 -EBADMSG, 0, NULL},
                {LIST(IS(OURS, PUBLIC_IP_NONE ",\"EipAddress\":{\"IpAddress\":\"169.254.0.9\"},"
                                              "\"InternetMaxBandwidthOut\":5")),
                 -EBADMSG, 0, NULL},
                {LIST(IS(OURS,
                         PUBLIC_IP("10.0.0.9") "," EIP_NONE ",\"InternetMaxBandwidthOut\":5")),
                 0, 5, "10.0.0.9"},
                /* all is well, says a Code */
                {"{\"Code\":\"200\",\"Instances\":{\"Instance\":[" GOOD "]}}", 0, 5, "203.0.113.9"},
                {"{\"Code\":200,\"Instances\":{\"Instance\":[" GOOD "]}}", 0, 5, "203.0.113.9"},
                {"{\"Success\":false,\"Instances\":{\"Instance\":[" GOOD "]}}", -EBADMSG, 0, NULL},
                {"{\"Code\":\"Throttling\",\"Instances\":{\"Instance\":[" GOOD "]}}", -EBADMSG, 0,
                 NULL},
        };

        (void)state;
        for (size_t k = 0; k < N(cases); k++) {
                char request_id[REQUEST_ID_SIZE];
                struct instance i = {};
                int r = reply_parse_instance(cases[k].text, strlen(cases[k].text), OURS, &i,
                                             request_id);

                if (r != cases[k].r)
                        fail_msg("%d: %s", r, cases[k].text);
                assert_int_equal(i.bandwidth_out, cases[k].bandwidth);
                assert_int_equal(i.public_ip, cases[k].address ? ip4(cases[k].address) : 0);
        }
}

static void test_eips(void **state) {
        static const char *const none[] = {
                "{\"EipAddresses\":{\"EipAddress\":[]},\"RequestId\":\"R\"}",
                "{\"EipAddresses\":{\"EipAddress\":{}}}",
                "{\"EipAddresses\":{\"EipAddress\":[{}]}}",
                "{\"EipAddresses\":{}}",
                "<X><EipAddresses/></X>",
                "<X><EipAddresses>\n<EipAddress/>\n</EipAddresses></X>",
        };
        /* What reads as "none fits" may be answered by buying one. */
        static const char *const bad[] = {
                "{}",
                ONE_EIP("\"AllocationId\":\"e\""),
                ONE_EIP("\"IpAddress\":\"203.0.113.1\""),
                ONE_EIP("\"AllocationId\":\"e\",\"IpAddress\":\"203.0.113.1\""),
                ONE_EIP("\"AllocationId\":\"e\",\"IpAddress\":\"2001:db8::1\",\"Status\":\"InUse\""),
                ONE_EIP("\"AllocationId\":\"e\",\"IpAddress\":\"127.0.0.1\",\"Status\":\"InUse\""),
                ONE_EIP("\"AllocationId\":\"e/e\",\"IpAddress\":\"203.0.113.1\",\"Status\":\"InUse\""),
                ONE_EIP(EIP_ID_AND_IP "\"Status\":\"\""),
                ONE_EIP(EIP_ID_AND_IP "\"Status\":null"),
                ONE_EIP(EIP_ID_AND_IP "\"Status\":[\"Available\"]"),
                ONE_EIP("\"AllocationId\":null,\"IpAddress\":null,\"Status\":\"Available\""),
                ONE_EIP("\"Eip\":{\"AllocationId\":\"e\"}"),
                "{\"EipAddresses\":null}",
                "{\"EipAddresses\":[]}",
                "{\"EipAddresses\":\"\"}",
                "{\"EipAddresses\":{\"EipAddress\":null}}",
                "{\"EipAddresses\":{\"EipAddress\":\"\"}}",
                "{\"EipAddresses\":{\"EipAddress\":[null]}}",
                "{\"EipAddresses\":{\"EipAddresss\":[]}}",
                "<X><EipAddresses>none</EipAddresses></X>",
                "<X><EipAddresses><EipAddress>none</EipAddress></EipAddresses></X>",
        };
        char request_id[REQUEST_ID_SIZE];
        struct eip e[4];

        (void)state;
        check_eips(eips_json);
        check_eips(eips_xml);
        for (size_t k = 0; k < N(none); k++) {
                size_t n = 9;
                bool odd;

                if (reply_parse_eips(none[k], strlen(none[k]), &(struct eip_filter){"", ""}, e,
                                     N(e), &n, &odd, request_id) != 0)
                        fail_msg("refused: %s", none[k]);
                assert_int_equal(n, 0);
        }
        for (size_t k = 0; k < N(bad); k++) {
                size_t n;
                bool odd;

                if (reply_parse_eips(bad[k], strlen(bad[k]), &(struct eip_filter){"", ""}, e, N(e),
                                     &n, &odd, request_id) != -EBADMSG &&
                    !odd)
                        fail_msg("accepted: %s", bad[k]);
        }
}

/* What stands beside it spoils no EIP; and the page says that it is not all of them. */
static void test_odd_eips_beside_a_good_one(void **state) {
        static const char good[] = "{\"AllocationId\":\"eip-2\",\"IpAddress\":\"203.0.113.2\","
                                   "\"Status\":\"Available\"}";
        static const struct {
                const char *other;
                bool odd;
                size_t n;
        } cases[] = {
                {"{\"AllocationId\":\"eip-1\",\"IpAddress\":\"\",\"Status\":\"Creating\"}", false,
                 2},
                {"{\"AllocationId\":\"eip-1\",\"Status\":\"Available\"}", false, 2},
                {"{\"AllocationId\":\"eip-1\",\"IpAddress\":\"2001:db8::1\",\"Status\":\"InUse\"}",
                 true, 1},
                {"{\"AllocationId\":\"eip-1\",\"IpAddress\":\"203.0.113.1\"}", true, 1},
                {"{\"IpAddress\":\"203.0.113.1\",\"Status\":\"Available\"}", true, 1},
                {"null", true, 1},
                {"\"eip-1\"", true, 1},
                {"[]", true, 1},
        };

        (void)state;
        for (size_t k = 0; k < N(cases); k++) {
                for (unsigned first = 0; first < 2; first++) {
                        char text[512], request_id[REQUEST_ID_SIZE];
                        struct eip e[4];
                        size_t n;
                        bool odd;

                        snprintf(text, sizeof(text),
                                 "{\"RequestId\":\"R\",\"EipAddresses\":{\"EipAddress\":[%s,%s]}}",
                                 first ? cases[k].other : good, first ? good : cases[k].other);
                        if (reply_parse_eips(text, strlen(text), &(struct eip_filter){"", ""}, e,
                                             N(e), &n, &odd, request_id) != 0)
                                fail_msg("refused: %s", text);
                        assert_int_equal(odd, cases[k].odd);
                        assert_int_equal(n, cases[k].n);
                        assert_string_equal(e[first && n == 2 ? 1 : 0].allocation_id, "eip-2");
                }
        }
}

static void test_eip_allocate(void **state) {
        static const char *const good[] = {
                "{\"AllocationId\":\"eip-1\",\"EipAddress\":\"203.0.113.1\",\"RequestId\":\"R\"}",
                "{\"AllocateEipAddressResponse\":{\"AllocationId\":\"eip-1\","
                "\"EipAddress\":\"203.0.113.1\",\"RequestId\":\"R\"}}", /* as the sample wraps it */
                "<AllocateEipAddressResponse><AllocationId>eip-1</AllocationId>"
                "<EipAddress>203.0.113.1</EipAddress><RequestId>R</RequestId>"
                "</AllocateEipAddressResponse>",
        };
        char request_id[REQUEST_ID_SIZE] = "";
        struct eip e;

        (void)state;
        for (size_t k = 0; k < N(good); k++) {
                assert_int_equal(reply_parse_eip_allocate(good[k], strlen(good[k]), &e, request_id),
                                 0);
                assert_string_equal(e.allocation_id, "eip-1");
                assert_int_equal(e.address, ip4("203.0.113.1"));
                assert_string_equal(request_id, "R");
        }
        /* The id is the purchase; an address without one is none. */
        assert_int_equal(
                reply_parse_eip_allocate("{\"AllocationId\":\"eip-1\"}", 24, &e, request_id), 0);
        assert_int_equal(e.address, 0);
        assert_int_equal(
                reply_parse_eip_allocate("{\"EipAddress\":\"203.0.113.1\"}", 28, &e, request_id),
                -EBADMSG);
}

static void test_error(void **state) {
        static const char *const cases[] = {
                "{\"RequestId\":\"R\",\"HostId\":\"h\",\"Code\":\"C.D\",\"Message\":\"why\","
                "\"Recommend\":\"u\"}",
                "{\"requestId\":\"R\",\"code\":\"C.D\",\"message\":\"why\"}",
                "<Error><RequestId>R</RequestId><HostId>h</HostId><Code>C.D</Code>"
                "<Message>why</Message><Recommend><![CDATA[<u&u>]]></Recommend></Error>",
                "<DescribeInstancesResponse><RequestId>R</RequestId><Code>C.D</Code>"
                "<Message>why</Message></DescribeInstancesResponse>",
                "{\"Error\":{\"RequestId\":\"R\",\"Code\":\"C.D\",\"Message\":\"why\"}}",
        };
        struct fault f = {};

        (void)state;
        for (size_t k = 0; k < N(cases); k++) {
                f = (struct fault){};
                assert_int_equal(reply_parse_error(cases[k], strlen(cases[k]), &f), 0);
                assert_string_equal(f.code, "C.D");
                assert_string_equal(f.message, "why");
                assert_string_equal(f.request_id, "R");
        }
}

static void test_error_action(void **state) {
        static const char text[] =
                "{\"Code\":\"Forbidden.RAM\",\"Message\":\"User not authorized\",\"RequestId\":\"R\","
                "\"AccessDeniedDetail\":{\"AuthAction\":\"ecs:RebootInstance\",\"X\":{\"Y\":1}}}";
        struct fault f = {};

        (void)state;
        assert_int_equal(reply_parse_error(text, strlen(text), &f), 0);
        assert_string_equal(f.message, "User not authorized (action: ecs:RebootInstance)");
}

static void test_no_error(void **state) {
        static const char *const cases[] = {
                "",
                "{}",
                "null",
                "{\"Code\":\"\"}",
                "{\"RequestId\":\"R\"}",
                "Bad Gateway",
                "<html><head><title>502</title></head></html>",
                "{\"Code\":\"X\"",
                "<Error><Code>X",
        };
        struct fault f = {}, before = {};

        (void)state;
        for (size_t k = 0; k < N(cases); k++) {
                assert_int_equal(reply_parse_error(cases[k], strlen(cases[k]), &f), -EBADMSG);
                assert_memory_equal(&f, &before, sizeof(f));
        }
}

/* What a person reads in the journal cannot carry escape sequences or newlines. */
static void test_error_is_printable(void **state) {
        static const char text[] = "{\"Code\":\"A\\u001b[2J\",\"Message\":\"a\\nb\\u00e9\"}";
        struct fault f = {};

        (void)state;
        assert_int_equal(reply_parse_error(text, strlen(text), &f), 0);
        for (const char *p = f.message; *p; p++)
                assert_true(*p >= 0x20 && *p < 0x7f);
        for (const char *p = f.code; *p; p++)
                assert_true(*p >= 0x20 && *p < 0x7f);
}

static void expect_refused(const char *text, size_t len) {
        char request_id[REQUEST_ID_SIZE];
        struct fault f = {};

        assert_int_equal(reply_parse_done(text, len, request_id), -EBADMSG);
        assert_int_equal(reply_parse_error(text, len, &f), -EBADMSG);
}

/* Entities that double and double again, and such as read files, come with a document type. */
static void test_no_document_type(void **state) {
        static const char *const cases[] = {
                "<!DOCTYPE x [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;\">"
                "<!ENTITY c \"&b;&b;&b;&b;&b;&b;\">]><Error><Code>&c;</Code>"
                "<RequestId>&c;</RequestId></Error>",
                "<!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/hostname\">]>"
                "<Error><Code>&e;</Code><RequestId>R</RequestId></Error>",
                "<!DOCTYPE x SYSTEM \"http://192.0.2.1/x.dtd\"><Error><Code>C</Code>"
                "<RequestId>R</RequestId></Error>",
        };

        (void)state;
        for (size_t k = 0; k < N(cases); k++)
                expect_refused(cases[k], strlen(cases[k]));
}

static void test_deep(void **state) {
        static const struct {
                const char *head, *open, *middle, *close, *tail;
        } cases[] = {
                {"{\"RequestId\":\"R\",\"x\":", "{\"a\":", "1", "}", "}"},
                {"{\"RequestId\":\"R\",\"x\":", "[", "1", "]", "}"},
                {"<r>", "<a>", "x", "</a>", "</r>"},
        };

        (void)state;
        for (size_t k = 0; k < N(cases); k++) {
                _cleanup_buf_ struct buf text = BUF(1u << 20);

                buf_puts(&text, cases[k].head);
                for (size_t i = 0; i < 50000; i++)
                        buf_puts(&text, cases[k].open);
                buf_puts(&text, cases[k].middle);
                for (size_t i = 0; i < 50000; i++)
                        buf_puts(&text, cases[k].close);
                buf_puts(&text, cases[k].tail);
                assert_int_equal(text.error, 0);
                expect_refused(text.data, text.len);
        }
}

/* head, n times c, tail */
static void stretch(struct buf *text, const char *head, char c, size_t n, const char *tail) {
        buf_clear(text);
        buf_puts(text, head);
        while (n-- > 0)
                buf_add(text, &c, 1);
        buf_puts(text, tail);
        assert_int_equal(text->error, 0);
}

/* Long names and values end in a cut text or a refusal, never in an overrun. */
static void test_long(void **state) {
        _cleanup_buf_ struct buf text = BUF(1u << 20);
        char request_id[REQUEST_ID_SIZE];
        struct fault f = {};

        (void)state;
        stretch(&text, "<r><RequestId>R</RequestId><Message>", 'm', 300000,
                "</Message><Code>C</Code></r>");
        assert_int_equal(reply_parse_error(text.data, text.len, &f), 0);
        assert_int_equal(strlen(f.message), FAULT_MESSAGE_SIZE - 1);
        stretch(&text, "{\"RequestId\":\"R\",\"", 'n', 300000, "\":1}");
        assert_int_equal(reply_parse_done(text.data, text.len, request_id), -EBADMSG);
}

static void try_all(const char *text, size_t len) {
        char request_id[REQUEST_ID_SIZE] = "";
        struct instance i;
        struct fault f = {};
        struct eip e[3];
        in_addr_t address = 0;
        size_t n = 0;
        bool odd;

        if (reply_parse_instance(text, len, ID, &i, request_id) == 0)
                assert_true(!strcmp(i.instance_id, ID) && i.status[0]);
        if (reply_parse_allocate(text, len, &address, request_id) == 0)
                assert_int_not_equal(address, 0);
        reply_parse_done(text, len, request_id);
        if (reply_parse_eips(text, len, &(struct eip_filter){"a=b", "n"}, e, N(e), &n, &odd,
                             request_id) == 0)
                assert_true(n <= N(e));
        reply_parse_eip_allocate(text, len, e, request_id);
        reply_parse_error(text, len, &f);
}

static void test_mutations(void **state) {
        (void)state;
        mutate(instance_json, try_all);
        mutate(instance_xml, try_all);
        mutate(eips_json, try_all);
        mutate(eips_xml, try_all);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_instance),
                cmocka_unit_test(test_instance_without_address),
                cmocka_unit_test(test_odd_shapes),
                cmocka_unit_test(test_blanks_before_an_address),
                cmocka_unit_test(test_not_listed),
                cmocka_unit_test(test_object_for_array),
                cmocka_unit_test(test_odd_times),
                cmocka_unit_test(test_many_addresses),
                cmocka_unit_test(test_many_locks),
                cmocka_unit_test(test_allocate),
                cmocka_unit_test(test_done),
                cmocka_unit_test(test_what_is_right_is_taken),
                cmocka_unit_test(test_eips),
                cmocka_unit_test(test_odd_eips_beside_a_good_one),
                cmocka_unit_test(test_eip_allocate),
                cmocka_unit_test(test_error),
                cmocka_unit_test(test_error_action),
                cmocka_unit_test(test_no_error),
                cmocka_unit_test(test_error_is_printable),
                cmocka_unit_test(test_no_document_type),
                cmocka_unit_test(test_deep),
                cmocka_unit_test(test_long),
                cmocka_unit_test(test_mutations),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
