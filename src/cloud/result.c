/* SPDX-License-Identifier: Apache-2.0 */
#include "result.h"

#include <curl/curl.h>
#include <errno.h>
#include <openssl/x509_vfy.h>
#include <stddef.h>
#include <string.h>

#include <ecs-pubip/fault.h>

/*
 * A certificate that is not accepted: 60, which before curl 7.62 was a failed chain alone, and 51,
 * which before that version was a wrong name.
 */
#define BAD_CERTIFICATE 60
#define BAD_NAME        51

#define NOT_IN_TIME "no connection came to be in time"
#define NO_ANSWER   "no whole answer came in time"
#define CLOSED      "the connection was closed"

/* `sent` decides where one result has two meanings. */
static const struct {
        int result;
        const char *unsent, *sent;
        const char *text, *text_sent; /* the latter NULL: as the former */
} results[] = {
        {CURLE_COULDNT_RESOLVE_HOST, FAULT_RESOLVE, FAULT_CLOSED, "the name does not resolve"},
        {CURLE_COULDNT_RESOLVE_PROXY, FAULT_RESOLVE, FAULT_CLOSED,
         "the name of the proxy does not resolve"},
        {CURLE_COULDNT_CONNECT, FAULT_CONNECT, FAULT_CLOSED, "no connection came to be"},
        {CURLE_OPERATION_TIMEDOUT, FAULT_CONNECT, FAULT_TIMEOUT, NOT_IN_TIME, NO_ANSWER},
        {CURLE_SSL_CONNECT_ERROR, FAULT_TLS, FAULT_TLS, "the TLS handshake failed"},
        {BAD_CERTIFICATE, FAULT_TLS, FAULT_TLS, "the certificate was not accepted"},
        {BAD_NAME, FAULT_TLS, FAULT_TLS, "the certificate is another host's"},
        {CURLE_SSL_CACERT_BADFILE, FAULT_TLS, FAULT_TLS,
         "this machine's certificates of authorities cannot be read"},
        {CURLE_SSL_CIPHER, FAULT_TLS, FAULT_TLS, "no TLS cipher fits"},
        {CURLE_SSL_CERTPROBLEM, FAULT_TLS, FAULT_TLS, "a client certificate was asked for"},
        {CURLE_UNSUPPORTED_PROTOCOL, FAULT_NOT_API, FAULT_NOT_API, "the answer is not HTTP"},
        {CURLE_WEIRD_SERVER_REPLY, FAULT_NOT_API, FAULT_NOT_API, "the answer is not HTTP"},
        {CURLE_ABORTED_BY_CALLBACK, FAULT_CLOUD_GONE, FAULT_CLOUD_GONE, "the agent hung up"},
        {CURLE_GOT_NOTHING, FAULT_CONNECT, FAULT_CLOSED, CLOSED},
        {CURLE_RECV_ERROR, FAULT_CONNECT, FAULT_CLOSED, CLOSED},
        {CURLE_SEND_ERROR, FAULT_CONNECT, FAULT_CLOSED, CLOSED},
        {CURLE_PARTIAL_FILE, FAULT_CONNECT, FAULT_CLOSED,
         "the connection was closed in the answer"},
        {CURLE_OUT_OF_MEMORY, FAULT_CONNECT, FAULT_CLOSED, "there is not enough memory"},
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

const char *result_text(int result, bool sent) {
        for (size_t i = 0; i < sizeof(results) / sizeof(results[0]); i++) {
                if (results[i].result == result)
                        return sent && results[i].text_sent ? results[i].text_sent
                                                            : results[i].text;
        }
        return NULL;
}

const char *result_errno_text(int error) {
        switch (error) {
        case ECONNREFUSED:
                return "the connection was refused";
        case ECONNRESET:
                return "the connection was reset";
        case ETIMEDOUT:
                return NOT_IN_TIME;
        case ENETUNREACH:
        case EHOSTUNREACH:
                return "there is no route";
        case EACCES:
        case EPERM:
                return "this machine does not permit the connection";
        case EMFILE:
        case ENFILE:
                return "there are not enough file descriptors";
        default:
                return NULL;
        }
}

const char *result_verify_text(long verify_result) {
        switch (verify_result) {
        case X509_V_ERR_CERT_NOT_YET_VALID:
                return "the certificate is not yet valid";
        case X509_V_ERR_CERT_HAS_EXPIRED:
                return "the certificate has expired";
        case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
        case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
                return "the certificate is self-signed";
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
        case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
                return "no authority that is known here signed the certificate";
        default:
                return NULL;
        }
}
