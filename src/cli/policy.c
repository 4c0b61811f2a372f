/* SPDX-License-Identifier: Apache-2.0 */
/* `ecs-pubip policy`: what the instance role must be allowed to do, and nothing more. */
#include <errno.h>
#include <unistd.h>

#include "asker.h"
#include "command.h"
#include "host/config_files.h"
#include "out.h"
#include "ram.h"
#include "snapshot.h"
#include "util/text.h"

#define IDENTIFY_MS 5000u

/* The account is known to metadata only; everybody else takes what the agent has written down. */
static void find_place(const struct config *c, struct ram_place *ret) {
        _cleanup_asker_ struct asker asker;
        struct wire_question q = {.op = WIRE_IDENTIFY, .deadline_ms = IDENTIFY_MS};
        struct wire_answer a;
        struct snapshot s;

        asker_init(&asker);
        if (snapshot_take(&s) < 0)
                s = (struct snapshot){};
        ret->has_eip = s.status.kind == KIND_EIP;
        TEXT_SET(ret->region_id, s.status.region_id[0] ? s.status.region_id : c->region);
        TEXT_SET(ret->instance_id, s.status.instance_id[0] ? s.status.instance_id : c->instance_id);
        if (geteuid() != 0 || asker_ask(&asker, &q, &a) < 0 || a.fault.class != FAULT_NONE)
                return;
        TEXT_SET(ret->account_id, a.identity.account_id);
        TEXT_SET(ret->region_id, a.identity.region_id);
        TEXT_SET(ret->instance_id, a.identity.instance_id);
}

static void add_unknown(struct buf *out, const struct ram_place *p) {
        const char *unknown = !p->instance_id[0]  ? "instance"
                              : !p->region_id[0]  ? "region"
                              : !p->account_id[0] ? "account"
                                                  : NULL;

        if (unknown)
                buf_printf(out, "\nA '*' stands where the %s is not known here%s.\n", unknown,
                           geteuid() == 0 ? ": metadata did not answer"
                                          : "; root can ask metadata for it");
}

/* Without the tag the role may look, and is denied each change. */
static void add_tag_hint(struct buf *out, const struct ram_place *p) {
        buf_printf(
                out,
                "\nEach instance needs the tag " RAM_TAG "=yes, or every change is denied. This "
                "one gets it by\n  aliyun ecs TagResources --RegionId %s --ResourceType instance "
                "\\\n      --ResourceId.1 %s --Tag.1.Key " RAM_TAG " --Tag.1.Value yes\n",
                *p->region_id ? p->region_id : "REGION",
                *p->instance_id ? p->instance_id : "INSTANCE");
}

static int run(const struct options *o) {
        _cleanup_buf_ struct buf text = BUF(OUT_MAX);
        struct ram_place place = {}, here = {};
        struct config config;
        int r;

        r = config_load(&config, NULL, out_problem, NULL);
        if (r != 0)
                return r < 0 ? r : EXIT_FAILED;
        find_place(&config, &place);
        if (o->fleet) {
                here = place;
                place = (struct ram_place){.by_tag = true, .has_eip = place.has_eip};
                TEXT_SET(place.account_id, here.account_id);
        }
        if (o->json) {
                r = ram_policy(&text, &config, &place);
                return r < 0 ? r : out_text(&text, EXIT_DONE);
        }
        buf_printf(&text, "What the %s must be allowed to do, for the configuration as it is:\n\n",
                   config.credentials == CREDENTIALS_ROLE ? "instance role"
                                                          : "user of the static access key");
        ram_explain(&text, &config, &place);
        if (config.strategy != STRATEGY_STATIC)
                buf_puts(&text,
                         "\nWhere only the ECS endpoint can be reached, its own EIP calls are "
                         "made instead. What\nthey ask for is documented nowhere: `ecs-pubip "
                         "status` names the action if one is missing.\n");
        if (o->fleet)
                add_tag_hint(&text, &here);
        else
                add_unknown(&text, &place);
        buf_puts(&text, "\n");
        r = ram_policy(&text, &config, &place);
        return r < 0 ? r : out_text(&text, EXIT_DONE);
}

const struct command command_policy = {
        .name = "policy",
        .options = OPTION_JSON | OPTION_FLEET,
        .help = "Print the smallest RAM policy for this instance",
        .more = "As root it asks for the account id; otherwise a '*' stands in its place.",
        .run = run,
};
