// C for two reasons. Swift does not import functions with variadic arguments, and curl_easy_setopt is one. And libcurl
// brings some 25 other libraries, whose loading takes longer than all that `pair keys renew --if-expiring` does when
// nothing is due: so it is loaded by dlopen, by the types that its header declares, when a request is to be made.

#include "CCurl.h"

#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#ifdef __APPLE__
#define LIBCURL "libcurl.4.dylib"
#else
#define LIBCURL "libcurl.so.4"
#endif

// The header's macros check arguments at calls by name; here are none.
#undef curl_easy_setopt
#undef curl_easy_getinfo

#define FUNCTIONS(each)        \
    each(curl_global_init)     \
    each(curl_easy_init)       \
    each(curl_easy_cleanup)    \
    each(curl_easy_setopt)     \
    each(curl_easy_reset)      \
    each(curl_easy_perform)    \
    each(curl_easy_getinfo)    \
    each(curl_easy_strerror)   \
    each(curl_slist_append)    \
    each(curl_slist_free_all)

static struct {
#define DECLARE(name) __typeof__(name) *name;
    FUNCTIONS(DECLARE)
} lib;

struct CCurlTransfer {
    CURL *easy;
    struct curl_slist *headers;
    char failure[CURL_ERROR_SIZE];
};

const char *ccurl_load(void) {
    void *library = dlopen(LIBCURL, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) return dlerror();
#define FIND(name) \
    if ((lib.name = (__typeof__(name) *)dlsym(library, #name)) == NULL) return dlerror();
    FUNCTIONS(FIND)
    CURLcode code = lib.curl_global_init(CURL_GLOBAL_DEFAULT);
    return code == CURLE_OK ? NULL : lib.curl_easy_strerror(code);
}

CCurlTransfer *ccurl_new(void) {
    CCurlTransfer *transfer = calloc(1, sizeof *transfer);
    if (transfer == NULL) return NULL;
    transfer->easy = lib.curl_easy_init();
    if (transfer->easy == NULL || ccurl_reset(transfer) != CURLE_OK) {
        ccurl_free(transfer);
        return NULL;
    }
    return transfer;
}

CURLcode ccurl_reset(CCurlTransfer *transfer) {
    lib.curl_easy_reset(transfer->easy);
    lib.curl_slist_free_all(transfer->headers);
    transfer->headers = NULL;
    transfer->failure[0] = '\0';
    return lib.curl_easy_setopt(transfer->easy, CURLOPT_ERRORBUFFER, transfer->failure);
}

void ccurl_free(CCurlTransfer *transfer) {
    if (transfer->easy != NULL) lib.curl_easy_cleanup(transfer->easy);
    lib.curl_slist_free_all(transfer->headers);
    free(transfer);
}

CURLcode ccurl_set_number(CCurlTransfer *transfer, CURLoption option, long value) {
    if (option < CURLOPTTYPE_LONG || option >= CURLOPTTYPE_OBJECTPOINT) return CURLE_BAD_FUNCTION_ARGUMENT;
    return lib.curl_easy_setopt(transfer->easy, option, value);
}

CURLcode ccurl_set_text(CCurlTransfer *transfer, CURLoption option, const char *value) {
    if (option < CURLOPTTYPE_OBJECTPOINT || option >= CURLOPTTYPE_FUNCTIONPOINT) return CURLE_BAD_FUNCTION_ARGUMENT;
    return lib.curl_easy_setopt(transfer->easy, option, value);
}

CURLcode ccurl_add_header(CCurlTransfer *transfer, const char *line) {
    struct curl_slist *headers = lib.curl_slist_append(transfer->headers, line);
    if (headers == NULL) return CURLE_OUT_OF_MEMORY;
    transfer->headers = headers;
    return lib.curl_easy_setopt(transfer->easy, CURLOPT_HTTPHEADER, headers);
}

CURLcode ccurl_set_body(CCurlTransfer *transfer, const void *bytes, long count) {
    CURLcode code = lib.curl_easy_setopt(transfer->easy, CURLOPT_POSTFIELDSIZE, count);
    return code == CURLE_OK ? lib.curl_easy_setopt(transfer->easy, CURLOPT_COPYPOSTFIELDS, bytes) : code;
}

CURLcode ccurl_set_beat(CCurlTransfer *transfer, curl_xferinfo_callback beat, void *context) {
    CURLcode code;
    if ((code = lib.curl_easy_setopt(transfer->easy, CURLOPT_XFERINFOFUNCTION, beat)) != CURLE_OK) return code;
    if ((code = lib.curl_easy_setopt(transfer->easy, CURLOPT_XFERINFODATA, context)) != CURLE_OK) return code;
    return lib.curl_easy_setopt(transfer->easy, CURLOPT_NOPROGRESS, 0L);
}

CURLcode ccurl_perform(CCurlTransfer *transfer, CCurlReceiver header, CCurlReceiver body, void *context) {
    CURLcode code;
    if ((code = lib.curl_easy_setopt(transfer->easy, CURLOPT_HEADERFUNCTION, header)) != CURLE_OK) return code;
    if ((code = lib.curl_easy_setopt(transfer->easy, CURLOPT_HEADERDATA, context)) != CURLE_OK) return code;
    if ((code = lib.curl_easy_setopt(transfer->easy, CURLOPT_WRITEFUNCTION, body)) != CURLE_OK) return code;
    if ((code = lib.curl_easy_setopt(transfer->easy, CURLOPT_WRITEDATA, context)) != CURLE_OK) return code;

    // With CURLOPT_NOSIGNAL, which threads need, libcurl leaves SIGPIPE to its caller; before 7.87 OpenSSL raised it.
    sigset_t pipe, before, pending;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    sigpending(&pending);
    int was_pending = sigismember(&pending, SIGPIPE), signal;
    pthread_sigmask(SIG_BLOCK, &pipe, &before);
    code = lib.curl_easy_perform(transfer->easy);
    sigpending(&pending);
    if (!was_pending && sigismember(&pending, SIGPIPE)) sigwait(&pipe, &signal);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return code;
}

curl_off_t ccurl_offset(CCurlTransfer *transfer, CURLINFO info) {
    curl_off_t value = 0;
    if ((info & CURLINFO_TYPEMASK) != CURLINFO_OFF_T) return 0;
    return lib.curl_easy_getinfo(transfer->easy, info, &value) == CURLE_OK ? value : 0;
}

long ccurl_number(CCurlTransfer *transfer, CURLINFO info) {
    long value = 0;
    if ((info & CURLINFO_TYPEMASK) != CURLINFO_LONG) return 0;
    return lib.curl_easy_getinfo(transfer->easy, info, &value) == CURLE_OK ? value : 0;
}

const char *ccurl_text(CCurlTransfer *transfer, CURLINFO info) {
    char *value = NULL;
    if ((info & CURLINFO_TYPEMASK) != CURLINFO_STRING) return NULL;
    return lib.curl_easy_getinfo(transfer->easy, info, &value) == CURLE_OK ? value : NULL;
}

const char *ccurl_failure(CCurlTransfer *transfer, CURLcode code) {
    return transfer->failure[0] != '\0' ? transfer->failure : lib.curl_easy_strerror(code);
}
