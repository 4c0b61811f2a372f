/* SPDX-License-Identifier: Apache-2.0 */
#include "session.h"

#include <string.h>

#include "cloud/backstop.h"
#include "util/text.h"

int session_init(struct session *s) {
        int r = backstop_init();

        if (r < 0)
                return r;
        r = http_init(&s->http);
        if (r < 0)
                return r;
        metadata_init(&s->metadata, &s->http, &s->clock, &s->config);
        credential_cache_init(&s->credential_cache, &s->metadata, &s->clock, &s->config);
        openapi_init(&s->openapi, &s->http, &s->clock, &s->credential_cache, &s->config);
        return 0;
}

void session_wipe(struct session *s) {
        credential_cache_done(&s->credential_cache);
        metadata_done(&s->metadata);
}

void session_done(struct session *s) {
        session_wipe(s);
        http_done(&s->http);
}

/* Only where there is no metadata: it is not reached, or it is switched off (law L4). */
static bool may_use_configured(const struct session *s, const struct fault *fault) {
        return s->config.instance_id[0] && s->config.region[0] &&
               (strcmp(fault->code, FAULT_MD_UNREACHABLE) == 0 ||
                strcmp(fault->code, FAULT_MD_FORBIDDEN) == 0);
}

static void use_configured(const struct session *s, struct identity *ret, struct fault *fault) {
        *fault = (struct fault){}; /* metadata's, which is no matter any more */
        *ret = (struct identity){};
        TEXT_SET(ret->instance_id, s->config.instance_id);
        TEXT_SET(ret->region_id, s->config.region);
}

bool session_identify(struct session *s, bool anew, struct fault *fault) {
        struct identity identity = {};

        if (s->identified && !anew)
                return true;
        if (metadata_identify(&s->metadata, &identity, fault))
                TEXT_SET(s->metadata_region, identity.region_id);
        else if (may_use_configured(s, fault))
                use_configured(s, &identity, fault);
        else
                return false;
        if (s->config.region[0])
                TEXT_SET(identity.region_id, s->config.region);
        s->identity = identity;
        s->identified = true;
        return true;
}

bool session_check_instance(struct session *s, const char *instance_id, bool changing,
                            struct fault *fault) {
        if (!session_identify(s, changing && !s->identity.from_metadata, fault))
                return false;
        if (strcmp(instance_id, s->identity.instance_id) == 0)
                return true;
        *fault = fault_own(FAULT_OTHER_INSTANCE, s->identity.instance_id);
        return false;
}
