/* SPDX-License-Identifier: Apache-2.0 */
/* The reference beside the cloud process: the least that a libcurl program does for one request. */
#include <stdio.h>
#include <unistd.h>

#include <curl/curl.h>

#define TIMEOUT_S 5L

/* bare_curl METHOD URL [stay]: one request; with `stay` it then sleeps until it is killed. */
int main(int argc, char *argv[]) {
        CURL *curl;
        CURLcode r;

        if (argc < 3)
                return 2;
        curl_global_init(CURL_GLOBAL_DEFAULT);
        curl = curl_easy_init();
        if (!curl)
                return 1;
        curl_easy_setopt(curl, CURLOPT_URL, argv[2]);
        curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, argv[1]);
        curl_easy_setopt(curl, CURLOPT_TIMEOUT, TIMEOUT_S);
        curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
        r = curl_easy_perform(curl);
        if (argc > 3) {
                puts(r == CURLE_OK ? "\nready" : "\nfailed");
                fflush(stdout);
                pause();
        }
        curl_easy_cleanup(curl);
        return r == CURLE_OK ? 0 : 1;
}
