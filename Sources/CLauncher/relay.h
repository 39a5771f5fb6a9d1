// Between the relay's files: its threads in relay.c, whom they may reach in endpoints.c, what they
// are asked in proxy.c.
#ifndef SKEP_RELAY_H
#define SKEP_RELAY_H

#include "CLauncher.h"

#include <stdatomic.h>
#include <sys/socket.h>

enum { CONNECT_SECONDS = 30 };

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0
#endif

struct relay {
    int listeners[SKEP_MOST_LISTENERS];
    size_t listener_count;
    struct skep_endpoint *direct, *allowed;
    size_t allowed_count;
    int refusals;
    atomic_int connections, refused;
};

enum outcome { CONNECTED, UNREACHABLE, NOT_ALLOWED };

/// The endpoint that lets it through; one that names it before one for all names below.
const struct skep_endpoint *skep_find_endpoint(const struct relay *relay, const char *host,
                                               unsigned port);

/// Connects to a host that the endpoint lets through, wherever that may be.
enum outcome skep_connect(const struct skep_endpoint *endpoint, const char *host, unsigned port,
                          int *server);

/// Writes all bytes. 0, or -1.
int skep_send_all(int to, const char *bytes, size_t count);

/// Passes bytes on both ways until both have ended.
void skep_relay_between(int client, int server);

/// Answers one client of the proxy.
void skep_serve_proxy(struct relay *relay, int client);

#endif
