/* SPDX-License-Identifier: Apache-2.0 */
/* Lines and bodies, whole and spoiled. */
#include "model_wire.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/api/tree.h"
#include "util/buf.h"
#include "util/cleanup.h"
#include "util/ipv4.h"

#define TEXT_MAX  (192u * 1024)
#define LONG_MIN  (WIRE_LINE_MAX + 1)
#define DEPTH_MAX 1500 /* of what is nested; the parser of JSON itself gives up at 1000 */
#define GUARD     0xa5
#define PASS_EACH 16 /* answers: one of so many goes the whole way */
#define IPS_MANY  (INSTANCE_ADDRS + 8)

static const char a_list_too_long[] = "\"private_ips\":[";
static const char a_time_too_late[] = "\"server_time\":4e17,";

/* What is sent, and the room around what is made of it. */
static struct {
        char text[TEXT_MAX];
        size_t len;
        unsigned char before[64];
        union {
                struct wire_answer answer;
                struct credentials credentials;
        } u;
        unsigned char after[256];
} bench;

static void poison(void) {
        memset(bench.before, GUARD, sizeof(bench.before));
        memset(&bench.u, GUARD, sizeof(bench.u));
        memset(bench.after, GUARD, sizeof(bench.after));
}

static bool is_poison(const void *data, size_t len) {
        const unsigned char *p = data;

        for (size_t i = 0; i < len; i++)
                if (p[i] != GUARD)
                        return false;
        return true;
}

static void put(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void put(const char *format, ...) {
        va_list args;
        int n;

        va_start(args, format);
        n = vsnprintf(bench.text + bench.len, sizeof(bench.text) - bench.len, format, args);
        va_end(args);
        bench.len += n > 0 ? (size_t)n : 0;
        if (bench.len > sizeof(bench.text) - 1)
                bench.len = sizeof(bench.text) - 1;
}

static void put_address(const char *name, in_addr_t address) {
        char text[IPV4_SIZE];

        put("%s\"%s\"", name, address ? ipv4_format(address, text) : "");
}

#define ENDS(array) (memchr((array), '\0', sizeof(array)) != NULL)

static bool addresses_are_whole(const struct addresses *a) {
        return ENDS(a->instance_id) && a->presence <= PRESENCE_PRESENT &&
               (a->presence == PRESENCE_PRESENT) == (a->address != 0);
}

static bool identity_is_whole(const struct identity *i) {
        return ENDS(i->instance_id) && ENDS(i->region_id) && ENDS(i->account_id) && ENDS(i->mac) &&
               i->network <= NETWORK_CLASSIC && addresses_are_whole(&i->public);
}

static bool instance_is_whole(const struct instance *i) {
        for (unsigned k = 0; k < INSTANCE_ADDRS; k++)
                if (!ENDS(i->macs[k]))
                        return false;
        return ENDS(i->instance_id) && ENDS(i->status) && ENDS(i->eip_id) && ENDS(i->locks) &&
               i->network <= NETWORK_CLASSIC && i->charge <= CHARGE_POSTPAID &&
               i->n_private <= INSTANCE_ADDRS && i->n_macs <= INSTANCE_ADDRS &&
               i->bandwidth_out >= -1000000 && i->bandwidth_out <= 1000000 && i->expires >= 0;
}

static bool eip_is_whole(const struct eip *e) {
        return ENDS(e->allocation_id) && ENDS(e->bound_to) && e->status <= EIP_UNASSOCIATING &&
               e->mode <= EIP_CUT_THROUGH;
}

static bool fault_is_whole(const struct fault *f) {
        return ENDS(f->code) && ENDS(f->message) && ENDS(f->request_id) &&
               f->class < _FAULT_CLASS_MAX && f->http_status <= 999;
}

static bool answer_is_whole(enum wire_op op, const struct wire_answer *a) {
        if (!fault_is_whole(&a->fault) || !ENDS(a->request_id) || a->server_time < 0)
                return false;
        if (a->fault.class != FAULT_NONE)
                return true;
        if (op == WIRE_IDENTIFY)
                return identity_is_whole(&a->identity);
        if (op == WIRE_ADDRESSES)
                return addresses_are_whole(&a->addresses);
        if (op == WIRE_INSPECT)
                return instance_is_whole(&a->instance);
        if (op == WIRE_EIP_FIND || op == WIRE_EIP_ALLOCATE)
                return eip_is_whole(&a->eip);
        return true;
}

/* The line as it is, without its newline. */
static bool format_line(struct world *w, enum wire_op op, const struct wire_answer *a) {
        _cleanup_free_ char *line = NULL;

        if (wire_answer_format(op, a, &line) < 0) {
                laws_break(w, "L9: an answer that cannot be written");
                return false;
        }
        bench.len = strlen(line) - 1;
        memcpy(bench.text, line, bench.len);
        return true;
}

void wire_pass(struct world *w, enum wire_op op, struct wire_answer *a) {
        if (w->n_moves % PASS_EACH != 0 || !format_line(w, op, a))
                return;
        memset(&bench.u, 0, sizeof(bench.u));
        if (wire_answer_parse(op, bench.text, bench.len, &bench.u.answer) < 0 ||
            memcmp(&bench.u.answer, a, sizeof(*a)) != 0)
                laws_break(w, "L9: an answer that another one comes of on the wire");
}

void wire_pass_question(struct world *w, const struct wire_question *q) {
        _cleanup_free_ char *line = NULL;
        struct wire_question parsed = {0};

        if (w->n_moves % PASS_EACH != 0)
                return;
        if (wire_question_format(q, &line) < 0 ||
            wire_question_parse(line, strlen(line) - 1, &parsed) < 0 ||
            memcmp(&parsed, q, sizeof(parsed)) != 0)
                laws_break(w, "L9: a question that another one comes of on the wire");
}

/* Bodies as the cloud sends them, in either form (ecs-api 2 and 4). */
static void put_metadata(const struct addresses *a) {
        put("{\"instance-id\":\"%s\",\"region-id\":\"cn-hangzhou\",\"network-type\":\"vpc\","
            "\"mac\":\"00:16:3e:00:00:01\",\"private-ipv4\":\"10.0.0.5\"",
            a->instance_id);
        if (a->address)
                put_address(",\"eipv4\":", a->address);
        put("}");
}

static void put_instance(const struct instance *i, bool xml) {
        char text[IPV4_SIZE] = "";

        if (i->public_ip)
                ipv4_format(i->public_ip, text);
        if (xml)
                put("<DescribeInstancesResponse><RequestId>R-1</RequestId><Instances><Instance>"
                    "<InstanceId>%s</InstanceId><Status>%s</Status><PublicIpAddress><IpAddress>%s"
                    "</IpAddress></PublicIpAddress><EipAddress/><InternetMaxBandwidthOut>%d"
                    "</InternetMaxBandwidthOut></Instance></Instances>"
                    "</DescribeInstancesResponse>",
                    i->instance_id, i->status, text, i->bandwidth_out);
        else
                put("{\"RequestId\":\"R-1\",\"Instances\":{\"Instance\":[{\"InstanceId\":\"%s\","
                    "\"Status\":\"%s\",\"PublicIpAddress\":{\"IpAddress\":[%s%s%s]},"
                    "\"EipAddress\":{},\"InternetMaxBandwidthOut\":%d}]}}",
                    i->instance_id, i->status, *text ? "\"" : "", text, *text ? "\"" : "",
                    i->bandwidth_out);
}

static void put_eips(const struct eip *e) {
        put("{\"RequestId\":\"R-1\",\"EipAddresses\":{\"EipAddress\":[");
        if (e->address) {
                put("{\"AllocationId\":\"%s\",\"Status\":\"Available\"", e->allocation_id);
                put_address(",\"IpAddress\":", e->address);
                put("}");
        }
        put("]}}");
}

static void format_body(enum wire_op op, const struct wire_answer *a, bool xml) {
        bench.len = 0;
        if (op == WIRE_IDENTIFY)
                put_metadata(&a->identity.public);
        else if (op == WIRE_ADDRESSES)
                put_metadata(&a->addresses);
        else if (op == WIRE_INSPECT)
                put_instance(&a->instance, xml);
        else if (op == WIRE_EIP_FIND)
                put_eips(&a->eip);
        else {
                put("{\"RequestId\":\"R-1\"");
                if (op == WIRE_ALLOCATE)
                        put_address(",\"IpAddress\":", a->address ? a->address : PRIVATE_IP);
                if (op == WIRE_EIP_ALLOCATE)
                        put(",\"AllocationId\":\"eip-1\",\"EipAddress\":\"198.51.100.1\"");
                put("}");
        }
}

/* As the cloud process reads it; fills what stands under "ok". */
static int parse_body(enum wire_op op, struct wire_answer *a) {
        char request_id[REQUEST_ID_SIZE] = "";
        struct eip eips[4];
        size_t n;
        bool odd;

        if (op == WIRE_IDENTIFY || op == WIRE_ADDRESSES)
                return identity_parse_all(bench.text, bench.len, &a->identity);
        if (op == WIRE_INSPECT)
                return reply_parse_instance(bench.text, bench.len, OUR_ID, &a->instance,
                                            request_id);
        if (op == WIRE_EIP_FIND) {
                int r = reply_parse_eips(bench.text, bench.len, &(struct eip_filter){"", ""}, eips,
                                         4, &n, &odd, request_id);

                if (r >= 0)
                        a->eip = n > 0 ? eips[0] : (struct eip){};
                return r;
        }
        if (op == WIRE_ALLOCATE)
                return reply_parse_allocate(bench.text, bench.len, &a->address, request_id);
        if (op == WIRE_EIP_ALLOCATE)
                return reply_parse_eip_allocate(bench.text, bench.len, &a->eip, request_id);
        return reply_parse_done(bench.text, bench.len, request_id);
}

static bool body_is_whole(enum wire_op op, const struct wire_answer *a) {
        if (op == WIRE_IDENTIFY || op == WIRE_ADDRESSES)
                return identity_is_whole(&a->identity);
        if (op == WIRE_INSPECT)
                return instance_is_whole(&a->instance);
        return (op != WIRE_EIP_FIND && op != WIRE_EIP_ALLOCATE) || eip_is_whole(&a->eip);
}

/* Puts `what` behind the first '{' or, in XML, the first element's '>'. */
static void insert(const char *what, size_t len) {
        size_t at = 0;
        char first = bench.text[0] == '<' ? '>' : '{';

        while (at < bench.len && bench.text[at] != first)
                at++;
        at++;
        if (bench.len + len >= sizeof(bench.text) || at > bench.len)
                return;
        memmove(bench.text + at + len, bench.text + at, bench.len - at);
        memcpy(bench.text + at, what, len);
        bench.len += len;
}

static void insert_buf(const struct buf *b) {
        insert(buf_text(b), b->len);
}

static void nest(unsigned depth, bool objects) {
        _cleanup_buf_ struct buf b = BUF(DEPTH_MAX * 8 + 32);
        bool xml = bench.text[0] == '<';

        if (!xml)
                buf_puts(&b, "\"x\":");
        for (unsigned i = 0; i < depth; i++)
                buf_puts(&b, xml ? "<a>" : objects ? "{\"\":" : "[");
        if (!xml)
                buf_puts(&b, "1");
        for (unsigned i = 0; i < depth; i++)
                buf_puts(&b, xml ? "</a>" : objects ? "}" : "]");
        if (!xml)
                buf_puts(&b, ",");
        insert_buf(&b);
}

static void lengthen(size_t len) {
        static char text[TEXT_MAX / 2];
        _cleanup_buf_ struct buf b = BUF(TEXT_MAX);
        bool xml = bench.text[0] == '<';

        memset(text, 'a', len);
        buf_puts(&b, xml ? "<!--" : "\"RequestId\":\"");
        buf_add(&b, text, len);
        buf_puts(&b, xml ? "-->" : "\",");
        insert_buf(&b);
}

static void flip(struct rng *dice) {
        for (uint64_t i = 1 + rng_below(dice, 4); i-- > 0 && bench.len > 0;)
                bench.text[rng_below(dice, bench.len)] = (char)rng_next(dice);
}

/* More than there is room for, or a number that no member may have. */
static void widen(enum wire_op op) {
        _cleanup_buf_ struct buf b = BUF(IPS_MANY * 16 + 64);
        char *ok = memmem(bench.text, bench.len, "\"ok\":{", 6);

        if (op != WIRE_INSPECT || !ok) {
                insert(a_time_too_late, strlen(a_time_too_late));
                return;
        }
        buf_puts(&b, a_list_too_long);
        for (unsigned i = 0; i < IPS_MANY; i++)
                buf_printf(&b, "%s\"10.0.1.%u\"", i ? "," : "", i + 1);
        buf_puts(&b, "],");
        memmove(ok + 6 + b.len, ok + 6, bench.len - (size_t)(ok + 6 - bench.text));
        memcpy(ok + 6, buf_text(&b), b.len);
        bench.len += b.len;
}

/* True if nothing that it can come out as is an answer. */
static bool spoil(struct rng *dice, enum move m, enum wire_op op) {
        unsigned depth = TREE_DEPTH_MAX + 1 + (unsigned)rng_below(dice, DEPTH_MAX - TREE_DEPTH_MAX);

        switch ((int)m) {
        case MOVE_LINE_CUT:
        case MOVE_BODY_CUT:
                bench.len = rng_below(dice, bench.len);
                return true;
        case MOVE_LINE_LONG:
                lengthen(LONG_MIN);
                return true;
        case MOVE_BODY_LONG: /* the ceiling of bodies is the transport's; here, one long member */
                lengthen(REQUEST_ID_SIZE + rng_below(dice, LONG_MIN));
                return false;
        case MOVE_LINE_DEEP: /* a member that nobody asked for is passed over */
                nest(depth, rng_below(dice, 2));
                return false;
        case MOVE_BODY_DEEP:
                nest(rng_below(dice, 2) ? depth : TREE_DEPTH_MAX + 1, rng_below(dice, 2));
                return true;
        case MOVE_LINE_WIDE:
                widen(op);
                return true;
        default:
                flip(dice);
                return false;
        }
}

/* An answer of odd content is given to a copy of the agent, which has to live on with it. */
static void let_copy_hear(struct world *w, const struct wire_answer *a) {
        static struct engine copy;
        static struct actions actions;
        struct event e = {.type = EVENT_ANSWER, .now = world_now(w), .answer = *a};

        copy = w->engine;
        engine_step(&copy, &e, &actions);
        if (copy.phase != PHASE_STOPPED && copy.inflight.step != STEP_STORING &&
            copy.deadline == ENGINE_NEVER)
                laws_break(w, "L9: an odd answer leaves the agent without a deadline");
        if (!ENDS(copy.facts.identity.instance_id) || !ENDS(copy.holdoff.fault.code) ||
            !ENDS(copy.holdoff.fault.message) || !instance_is_whole(&copy.facts.instance))
                laws_break(w, "L9: an odd answer spoils what the agent keeps");
}

static bool is_line(enum move m) {
        return m >= MOVE_LINE_GARBLED && m <= MOVE_LINE_WIDE;
}

static void judge(struct world *w, enum move m, enum wire_op op, int r, bool hopeless) {
        const struct wire_answer *a = &bench.u.answer;

        if (!is_poison(bench.before, sizeof(bench.before)) ||
            !is_poison(bench.after, sizeof(bench.after)))
                laws_break(w, "L9: a parser writes beyond what it was given");
        if (r < 0 && !is_poison(&bench.u, sizeof(bench.u)))
                laws_break(w, "L9: a parser that refuses leaves something behind");
        if (r >= 0 && hopeless)
                laws_break(w,
                           "L9: what is cut, too long, too deep or too wide counts as an answer");
        if (r >= 0 && !(is_line(m) ? answer_is_whole(op, a) : body_is_whole(op, a)))
                laws_break(w, "L9: a spoiled answer comes out with members that are not whole");
        if (r >= 0 && is_line(m) && !w->laws.broken)
                let_copy_hear(w, a);
}

void wire_spoil(struct world *w, enum move m, enum wire_op op, const struct wire_answer *a,
                struct wire_answer *ret) {
        struct rng dice = {.state = w->scene->seed ^ (uint64_t)w->n_moves << 20 ^ w->now};
        bool hopeless;
        int r;

        *ret = (struct wire_answer){.fault = cloud_fault(m, op)};
        if (ret->fault.class != FAULT_PROTOCOL)
                laws_break(w, "L9: what cannot be read is of another class than protocol");
        if (ret->fault.http_status)
                ret->server_time = world_date(w);
        if (!is_line(m))
                format_body(op, a, rng_below(&dice, 2));
        else if (!format_line(w, op, a))
                return;
        hopeless = spoil(&dice, m, op);
        poison();
        r = is_line(m) ? wire_answer_parse(op, bench.text, bench.len, &bench.u.answer)
                       : parse_body(op, &bench.u.answer);
        judge(w, m, op, r, hopeless);
}
