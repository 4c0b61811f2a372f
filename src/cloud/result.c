/* SPDX-License-Identifier: Apache-2.0 */
#include "result.h"

#include <curl/curl.h>
#include <stddef.h>
#include <string.h>

#include <ecs-pubip/fault.h>

/*
 * A certificate that is not accepted: 60, which before 7.62 was a failed chain alone (SSL_CACERT),
 * and 51 before that version for a wrong name (then PEER_FAILED_VERIFICATION).
 */
#define BAD_CERTIFICATE 60
#define BAD_NAME        51

/* `sent` decides where one result has two meanings. */
static const struct {
        int result;
        const char *unsent, *sent;
} results[] = {
        {CURLE_COULDNT_RESOLVE_HOST, FAULT_RESOLVE, FAULT_CLOSED},
        {CURLE_COULDNT_RESOLVE_PROXY, FAULT_RESOLVE, FAULT_CLOSED},
        {CURLE_COULDNT_CONNECT, FAULT_CONNECT, FAULT_CLOSED},
        {CURLE_OPERATION_TIMEDOUT, FAULT_CONNECT, FAULT_TIMEOUT},
        {CURLE_SSL_CONNECT_ERROR, FAULT_TLS, FAULT_TLS},
        {BAD_CERTIFICATE, FAULT_TLS, FAULT_TLS},
        {BAD_NAME, FAULT_TLS, FAULT_TLS},
        {CURLE_SSL_CACERT_BADFILE, FAULT_TLS, FAULT_TLS},
        {CURLE_SSL_CIPHER, FAULT_TLS, FAULT_TLS},
        {CURLE_SSL_CERTPROBLEM, FAULT_TLS, FAULT_TLS},
        {CURLE_UNSUPPORTED_PROTOCOL, FAULT_NOT_API, FAULT_NOT_API},
        {CURLE_WEIRD_SERVER_REPLY, FAULT_NOT_API, FAULT_NOT_API},
        {CURLE_ABORTED_BY_CALLBACK, FAULT_CLOUD_GONE, FAULT_CLOUD_GONE},
};

const char *result_code(int result, bool sent) {
        for (size_t i = 0; i < sizeof(results) / sizeof(results[0]); i++) {
                if (results[i].result == result)
                        return sent ? results[i].sent : results[i].unsent;
        }
        return sent ? FAULT_CLOSED : FAULT_CONNECT;
}

bool result_is_tls(int result) {
        return strcmp(result_code(result, false), FAULT_TLS) == 0;
}
