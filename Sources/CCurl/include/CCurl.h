#ifndef CCURL_H
#define CCURL_H

// Only here for its types and constants: the library itself is loaded when it is first wanted.
#include <curl/curl.h>

/// libcurl's handle with what must live as long as it; for one request at a time.
typedef struct CCurlTransfer CCurlTransfer;

/// Takes `count` bytes (`one` is always 1) and returns how many it took; fewer end the transfer.
typedef size_t (*CCurlReceiver)(char *bytes, size_t one, size_t count, void *context);

/// Loads and initialises libcurl; before anything else, once, by one thread.
/// Returns NULL, or why it cannot be had, in storage of the library's.
const char *ccurl_load(void);

/// NULL where there is no memory.
CCurlTransfer *ccurl_new(void);
void ccurl_free(CCurlTransfer *transfer);

/// Forgets the request, so that another can be made; what was connected and loaded for it stays.
CURLcode ccurl_reset(CCurlTransfer *transfer);

/// What libcurl copies, checked against the type of value that the option takes.
CURLcode ccurl_set_number(CCurlTransfer *transfer, CURLoption option, long value);
CURLcode ccurl_set_text(CCurlTransfer *transfer, CURLoption option, const char *value);

/// A request's header as one line; copied.
CURLcode ccurl_add_header(CCurlTransfer *transfer, const char *line);

/// Makes it a POST of `count` bytes; copied.
CURLcode ccurl_set_body(CCurlTransfer *transfer, const void *bytes, long count);

/// Has `beat` called about once a second, and more often while bytes come; any other answer than 0 ends the transfer.
CURLcode ccurl_set_beat(CCurlTransfer *transfer, curl_xferinfo_callback beat, void *context);

/// Runs the request to its end; `context` goes to the receivers. Writing to a closed connection raises no signal.
CURLcode ccurl_perform(CCurlTransfer *transfer, CCurlReceiver header, CCurlReceiver body, void *context);

/// 0 or NULL where it is not known; the text lives as long as the transfer.
curl_off_t ccurl_offset(CCurlTransfer *transfer, CURLINFO info);
long ccurl_number(CCurlTransfer *transfer, CURLINFO info);
const char *ccurl_text(CCurlTransfer *transfer, CURLINFO info);

/// What failed in `ccurl_perform`, in libcurl's words; lives as long as the transfer.
const char *ccurl_failure(CCurlTransfer *transfer, CURLcode code);

#endif
