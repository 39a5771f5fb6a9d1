// The way out of a network of its own: threads of the host connect to what is allowed.
#ifdef __linux__
#define _GNU_SOURCE
#endif
#include "relay.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    MOST_CONNECTIONS = 128,
    BUFFER_BYTES = 32768,
};

struct connection {
    struct relay *relay;
    int client;
    size_t listener;
};

int skep_send_all(int to, const char *bytes, size_t count) {
    while (count > 0) {
        ssize_t done = send(to, bytes, count, MSG_NOSIGNAL);
        if (done < 0 && errno == EINTR) continue;
        if (done < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            struct pollfd waiting = {.fd = to, .events = POLLOUT};
            if (poll(&waiting, 1, -1) < 0 && errno != EINTR) return -1;
            continue;
        }
        if (done <= 0) return -1;
        bytes += done;
        count -= (size_t)done;
    }
    return 0;
}

struct direction {
    int from, to;
    size_t start, end;
    int is_over, has_ended;
    char bytes[BUFFER_BYTES];
};

// Reads what came, writes what is left over; passes the end on once nothing is. -1: broken.
static int move(struct direction *way) {
    if (way->start == way->end && !way->is_over) {
        ssize_t got = recv(way->from, way->bytes, sizeof way->bytes, MSG_DONTWAIT);
        if (got == 0) way->is_over = 1;
        else if (got < 0 && errno != EAGAIN && errno != EINTR) return -1;
        way->start = 0;
        way->end = got > 0 ? (size_t)got : 0;
    }
    while (way->start < way->end) {
        ssize_t done = send(way->to, way->bytes + way->start, way->end - way->start,
                            MSG_DONTWAIT | MSG_NOSIGNAL);
        if (done < 0 && errno == EINTR) continue;
        if (done < 0) return errno == EAGAIN ? 0 : -1;
        way->start += (size_t)done;
    }
    if (way->is_over && !way->has_ended) {
        shutdown(way->to, SHUT_WR);
        way->has_ended = 1;
    }
    return 0;
}

void skep_relay_between(int client, int server) {
    struct direction *ways = calloc(2, sizeof *ways);
    if (ways == NULL) return;
    ways[0].from = ways[1].to = client;
    ways[1].from = ways[0].to = server;
    while (!ways[0].has_ended || !ways[1].has_ended) {
        struct pollfd waiting[2] = {{.fd = client}, {.fd = server}};
        for (int i = 0; i < 2; i++) {
            if (ways[i].start < ways[i].end) waiting[1 - i].events |= POLLOUT;
            else if (!ways[i].is_over) waiting[i].events |= POLLIN;
        }
        // Nothing awaited of a side: its hanging up must not wake us again and again.
        for (int i = 0; i < 2; i++) {
            if (waiting[i].events == 0) waiting[i].fd = -1;
        }
        if (poll(waiting, 2, -1) < 0 && errno != EINTR) break;
        if (move(&ways[0]) != 0 || move(&ways[1]) != 0) break;
    }
    free(ways);
}

static void *serve(void *argument) {
    struct connection *it = argument;
    if (it->listener == 0) {
        skep_serve_proxy(it->relay, it->client);
    } else {
        const struct skep_endpoint *to = &it->relay->direct[it->listener - 1];
        int server = -1;
        if (skep_connect(to, to->host, to->port, &server) == CONNECTED) {
            skep_relay_between(it->client, server);
            close(server);
        }
    }
    close(it->client);
    atomic_fetch_sub(&it->relay->connections, 1);
    free(it);
    return NULL;
}

static int start_thread(void *(*body)(void *), void *argument) {
    pthread_attr_t attributes;
    pthread_t thread;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, 256 << 10);
    int error = pthread_create(&thread, &attributes, body, argument);
    pthread_attr_destroy(&attributes);
    return error;
}

static void take_client(struct relay *relay, size_t listener) {
    int client = accept(relay->listeners[listener], NULL, NULL);
    if (client < 0) {
        // Without descriptors the next try would fail as fast.
        if (errno == EMFILE || errno == ENFILE || errno == ENOMEM) poll(NULL, 0, 100);
        return;
    }
    fcntl(client, F_SETFD, FD_CLOEXEC);
    struct connection *it = malloc(sizeof *it);
    if (it != NULL) *it = (struct connection){relay, client, listener};
    if (it == NULL || atomic_fetch_add(&relay->connections, 1) >= MOST_CONNECTIONS) {
        if (it != NULL) atomic_fetch_sub(&relay->connections, 1);
        close(client);
        free(it);
        return;
    }
    if (start_thread(serve, it) == 0) return;
    atomic_fetch_sub(&relay->connections, 1);
    close(client);
    free(it);
}

static void *accept_clients(void *argument) {
    struct relay *relay = argument;
    struct pollfd waiting[SKEP_MOST_LISTENERS];
    for (size_t i = 0; i < relay->listener_count; i++) {
        waiting[i] = (struct pollfd){.fd = relay->listeners[i], .events = POLLIN};
    }
    while (1) {
        if (poll(waiting, (nfds_t)relay->listener_count, -1) <= 0) continue;
        for (size_t i = 0; i < relay->listener_count; i++) {
            if (waiting[i].revents != 0) take_client(relay, i);
        }
    }
}

// NULL: there is no memory for them.
static struct skep_endpoint *copy(const struct skep_endpoint *endpoints, size_t count) {
    struct skep_endpoint *copies = calloc(count + 1, sizeof *copies);
    for (size_t i = 0; copies != NULL && i < count; i++) {
        char *host = strdup(endpoints[i].host);
        if (host == NULL) return NULL;
        copies[i] = (struct skep_endpoint){host, endpoints[i].port};
    }
    return copies;
}

int skep_start_relay(const int *listeners, size_t listener_count, const struct skep_endpoint *direct,
                     const struct skep_endpoint *allowed, size_t allowed_count, int refusals) {
    if (listener_count == 0 || listener_count > SKEP_MOST_LISTENERS) return EINVAL;
    struct relay *relay = calloc(1, sizeof *relay);
    if (relay == NULL) return ENOMEM;
    memcpy(relay->listeners, listeners, listener_count * sizeof *listeners);
    for (size_t i = 0; i < listener_count; i++) fcntl(listeners[i], F_SETFL, O_NONBLOCK);
    relay->listener_count = listener_count;
    relay->direct = copy(direct, listener_count - 1);
    relay->allowed = copy(allowed, allowed_count);
    relay->allowed_count = allowed_count;
    relay->refusals = refusals;
    if (relay->direct == NULL || relay->allowed == NULL) return ENOMEM;
    // Signals are the host's own affair.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = start_thread(accept_clients, relay);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return error;
}
