// Whom the relay may reach.
#ifdef __linux__
#define _GNU_SOURCE
#endif
#include "relay.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int is_address(const char *host) {
    unsigned char bytes[16];
    return inet_pton(AF_INET, host, bytes) == 1 || inet_pton(AF_INET6, host, bytes) == 1;
}

const struct skep_endpoint *skep_find_endpoint(const struct relay *relay, const char *host,
                                               unsigned port) {
    const struct skep_endpoint *below = NULL;
    size_t length = strlen(host);
    for (size_t i = 0; i < relay->allowed_count; i++) {
        const struct skep_endpoint *endpoint = &relay->allowed[i];
        if (endpoint->port != port) continue;
        if (strcmp(endpoint->host, host) == 0) return endpoint;
        if (strncmp(endpoint->host, "*.", 2) != 0 || is_address(host)) continue;
        size_t tail = strlen(endpoint->host) - 1;
        if (length > tail && strcmp(host + length - tail, endpoint->host + 1) == 0) below = endpoint;
    }
    return below;
}

enum reach { PUBLIC, LOCAL_NETWORK, THIS_MACHINE };

static enum reach reach_of_v4(uint32_t address) {
    unsigned first = address >> 24, second = address >> 16 & 255;
    if (first == 127 || first == 0 || first >= 224 || (first == 169 && second == 254)) {
        return THIS_MACHINE;
    }
    if (first == 10 || (first == 172 && second >> 4 == 1) || (first == 192 && second == 168) ||
        (first == 100 && second >> 6 == 1)) {
        return LOCAL_NETWORK;
    }
    return PUBLIC;
}

static enum reach reach_of(const struct sockaddr *address) {
    if (address->sa_family == AF_INET) {
        return reach_of_v4(ntohl(((const struct sockaddr_in *)address)->sin_addr.s_addr));
    }
    const struct in6_addr *six = &((const struct sockaddr_in6 *)address)->sin6_addr;
    const unsigned char *bytes = six->s6_addr;
    if (IN6_IS_ADDR_V4MAPPED(six) || IN6_IS_ADDR_V4COMPAT(six)) {
        uint32_t four;
        memcpy(&four, bytes + 12, 4);
        return reach_of_v4(ntohl(four));
    }
    if (IN6_IS_ADDR_LOOPBACK(six) || IN6_IS_ADDR_UNSPECIFIED(six)) return THIS_MACHINE;
    if (IN6_IS_ADDR_LINKLOCAL(six) || IN6_IS_ADDR_MULTICAST(six)) return THIS_MACHINE;
    return (bytes[0] & 0xFE) == 0xFC ? LOCAL_NETWORK : PUBLIC;
}

// Who answers for a name may say that it is this machine, or one of our network: only the operator
// may mean that.
static int may_reach(const struct skep_endpoint *endpoint, const struct sockaddr *address) {
    if (is_address(endpoint->host) || strcmp(endpoint->host, "localhost") == 0) return 1;
    enum reach reach = reach_of(address);
    return reach == PUBLIC || (reach == LOCAL_NETWORK && endpoint->host[0] != '*');
}

static int connect_within(const struct addrinfo *to) {
    int socket_ = socket(to->ai_family, SOCK_STREAM, 0);
    if (socket_ < 0) return -1;
    fcntl(socket_, F_SETFD, FD_CLOEXEC);
    fcntl(socket_, F_SETFL, O_NONBLOCK);
    int result = connect(socket_, to->ai_addr, to->ai_addrlen);
    if (result != 0 && errno == EINPROGRESS) {
        struct pollfd waiting = {.fd = socket_, .events = POLLOUT};
        int error = ETIMEDOUT;
        socklen_t size = sizeof error;
        if (poll(&waiting, 1, CONNECT_SECONDS * 1000) == 1) {
            getsockopt(socket_, SOL_SOCKET, SO_ERROR, &error, &size);
        }
        result = error;
    }
    if (result == 0) return socket_;
    close(socket_);
    return -1;
}

enum outcome skep_connect(const struct skep_endpoint *endpoint, const char *host, unsigned port,
                          int *server) {
    char service[8];
    snprintf(service, sizeof service, "%u", port);
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found = NULL;
    if (getaddrinfo(host, service, &hints, &found) != 0) return UNREACHABLE;
    enum outcome outcome = UNREACHABLE;
    *server = -1;
    for (struct addrinfo *to = found; to != NULL && *server < 0; to = to->ai_next) {
        if (!may_reach(endpoint, to->ai_addr)) {
            outcome = NOT_ALLOWED;
            continue;
        }
        *server = connect_within(to);
    }
    freeaddrinfo(found);
    return *server >= 0 ? CONNECTED : outcome;
}
