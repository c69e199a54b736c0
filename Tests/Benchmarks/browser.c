// A stand-in for a person's browser, as fast as can be: the person is signed in already and everything is cached.
//
//   BENCH_TIMES=FILE browser ADDRESS
//
// Sends the answer to an authorization request to its redirect URI, with the nonce as the code, and waits for the page.
// Appends to FILE when it began and when it sent the answer, in nanoseconds of CLOCK_MONOTONIC.
#include <arpa/inet.h>
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static long long now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

// The value of a parameter that is its own percent-encoding.
static char *parameter(const char *address, const char *name) {
    char *start = strstr(address, name), *value;
    if (!start) errx(1, "no %s", name);
    start += strlen(name);
    if (!(value = strndup(start, strcspn(start, "&")))) err(1, "strndup");
    return value;
}

int main(int count, char **arguments) {
    long long began = now();
    const char *file = getenv("BENCH_TIMES");
    if (count != 2 || !file) errx(64, "BENCH_TIMES=FILE browser ADDRESS");
    const char *redirect = strstr(arguments[1], "redirect_uri=");
    int port;
    if (!redirect || sscanf(redirect, "redirect_uri=http%%3A%%2F%%2F127.0.0.1%%3A%d%%2Fcallback&", &port) != 1)
        errx(1, "no redirect URI of the form http://127.0.0.1:PORT/callback");

    int connection = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in listener = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (connect(connection, (struct sockaddr *)&listener, sizeof listener)) err(1, "connect");
    long long sent = now();
    dprintf(connection,
        "GET /callback?code=%s&state=%s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n"
        "Sec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document\r\n\r\n",
        parameter(arguments[1], "&nonce="), parameter(arguments[1], "&state="), port);
    char page[65536] = "";
    size_t length = 0;
    for (ssize_t more; length < sizeof page - 1; length += more)
        if ((more = read(connection, page + length, sizeof page - 1 - length)) <= 0) break;
    if (!strstr(page, "data-outcome=\"signed-in\"")) errx(1, "not signed in");

    FILE *times = fopen(file, "a");
    if (!times) err(1, "%s", file);
    fprintf(times, "%lld %lld\n", began, sent);
    return fclose(times);
}
