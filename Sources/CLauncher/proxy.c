// What the relay's proxy is asked: CONNECT, and whole addresses.
#ifdef __linux__
#define _GNU_SOURCE
#endif
#include "relay.h"

#include <ctype.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    HEAD_BYTES = 16384,
    // A refusal each is enough; who tries for ever shall not fill the log.
    MOST_REFUSALS = 200,
};

static void answer(int client, const char *status, const char *text) {
    char reply[512];
    int length = snprintf(reply, sizeof reply,
                          "HTTP/1.1 %s\r\nContent-Type: text/plain\r\nContent-Length: %zu\r\n"
                          "Connection: close\r\n\r\n%s",
                          status, strlen(text), text);
    if (length < (int)sizeof reply) skep_send_all(client, reply, (size_t)length);
}

static void tell_refusal(struct relay *relay, const char *host, unsigned port) {
    if (atomic_fetch_add(&relay->refused, 1) >= MOST_REFUSALS) return;
    char line[300];
    int length = snprintf(line, sizeof line, "%.255s:%u\n", host, port);
    ssize_t written = write(relay->refusals, line, (size_t)length);
    (void)written;
}

// A server's socket, or -1 with the client told why not.
static int open_way(struct relay *relay, int client, const char *host, unsigned port) {
    const struct skep_endpoint *endpoint = skep_find_endpoint(relay, host, port);
    int server = -1;
    enum outcome outcome =
        endpoint == NULL ? NOT_ALLOWED : skep_connect(endpoint, host, port, &server);
    if (outcome == NOT_ALLOWED) {
        tell_refusal(relay, host, port);
        answer(client, "403 Forbidden", "This sandbox doesn't let it through.\n");
    } else if (outcome == UNREACHABLE) {
        answer(client, "502 Bad Gateway", "It can't be reached.\n");
    }
    return server;
}

// "host:port" or "[address]:port", taken apart in place. 0, or -1.
static int split_authority(char *text, char **host, unsigned *port, unsigned standard) {
    char *colon = strrchr(text, ':');
    if (colon != NULL && strchr(colon, ']') == NULL) {
        char *end;
        unsigned long number = strtoul(colon + 1, &end, 10);
        if (end == colon + 1 || *end != 0 || number == 0 || number > 65535) return -1;
        *port = (unsigned)number;
        *colon = 0;
    } else if (standard != 0) {
        *port = standard;
    } else {
        return -1;
    }
    *host = text;
    size_t length = strlen(text);
    if (length > 2 && text[0] == '[' && text[length - 1] == ']') {
        text[length - 1] = 0;
        (*host)++;
        length -= 2;
    }
    // A dot at the end is the same name.
    if (length > 1 && (*host)[length - 1] == '.') (*host)[--length] = 0;
    for (char *c = *host; *c != 0; c++) {
        *c = (char)tolower((unsigned char)*c);
        if (!isalnum((unsigned char)*c) && strchr(".-_:", *c) == NULL) return -1;
    }
    return length == 0 || length > 255 ? -1 : 0;
}

// Reads up to the empty line; how much there is, and in `head` where the rest begins. 0: nothing.
static size_t read_head(int client, char *bytes, size_t *head) {
    size_t count = 0;
    while (count < HEAD_BYTES) {
        struct pollfd waiting = {.fd = client, .events = POLLIN};
        if (poll(&waiting, 1, CONNECT_SECONDS * 1000) != 1) return 0;
        ssize_t got = recv(client, bytes + count, HEAD_BYTES - count, 0);
        if (got <= 0) return 0;
        count += (size_t)got;
        bytes[count] = 0;
        char *end = strstr(bytes, "\r\n\r\n");
        if (end == NULL) continue;
        *head = (size_t)(end - bytes) + 4;
        return count;
    }
    return 0;
}

struct head {
    // What is left out and added of what was read comes to less.
    char bytes[HEAD_BYTES + 64];
    size_t count;
};

static void append(struct head *head, const char *bytes, size_t count) {
    if (count > sizeof head->bytes - head->count) count = sizeof head->bytes - head->count;
    memcpy(head->bytes + head->count, bytes, count);
    head->count += count;
}

// One request to a whole address: the next may be for another host, so the server is asked to end
// the connection after it. In one piece: a server may answer and hang up at its first words.
static int forward_request(int server, const char *method, const char *path, char *rest,
                           const char *body, size_t body_count) {
    struct head head;
    head.count = 0;
    const char *const words[] = {method, *path == '/' ? " " : " /", path, " HTTP/1.1\r\n"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        append(&head, words[i], strlen(words[i]));
    }
    char *line = rest;
    while (*line != '\r' && *line != 0) {
        char *end = strstr(line, "\r\n");
        if (end == NULL) break;
        size_t length = (size_t)(end - line) + 2;
        if (strncasecmp(line, "Connection:", 11) != 0 && strncasecmp(line, "Proxy-", 6) != 0) {
            append(&head, line, length);
        }
        line += length;
    }
    static const char ending[] = "Connection: close\r\n\r\n";
    append(&head, ending, sizeof ending - 1);
    if (skep_send_all(server, head.bytes, head.count) != 0) return -1;
    return skep_send_all(server, body, body_count);
}

void skep_serve_proxy(struct relay *relay, int client) {
    char *bytes = malloc(HEAD_BYTES + 1), *host;
    size_t head = 0, count = bytes == NULL ? 0 : read_head(client, bytes, &head);
    unsigned port;
    int server = -1;
    if (count == 0) goto done;
    char *line_end = strstr(bytes, "\r\n");
    *line_end = 0;
    char *target = strchr(bytes, ' ');
    char *version = target == NULL ? NULL : strrchr(target + 1, ' ');
    if (version == NULL) goto bad;
    *target++ = 0;
    *version = 0;
    if (strcmp(bytes, "CONNECT") == 0) {
        if (split_authority(target, &host, &port, 0) != 0) goto bad;
        server = open_way(relay, client, host, port);
        static const char ready[] = "HTTP/1.1 200 Connection established\r\n\r\n";
        if (server >= 0 && skep_send_all(client, ready, sizeof ready - 1) == 0 &&
            skep_send_all(server, bytes + head, count - head) == 0) {
            skep_relay_between(client, server);
        }
        goto done;
    }
    if (strncasecmp(target, "http://", 7) != 0) goto bad;
    target += 7;
    char *slash = target + strcspn(target, "/?");
    char path[HEAD_BYTES];
    snprintf(path, sizeof path, "%s", slash);
    *slash = 0;
    if (split_authority(target, &host, &port, 80) != 0) goto bad;
    server = open_way(relay, client, host, port);
    if (server >= 0) {
        // Also when it didn't take all of it: it may have said why.
        forward_request(server, bytes, path, line_end + 2, bytes + head, count - head);
        skep_relay_between(client, server);
    }
    goto done;
bad:
    answer(client, "400 Bad Request", "This proxy takes CONNECT and http:// addresses.\n");
done:
    if (server >= 0) close(server);
    free(bytes);
}
