#ifdef __linux__
#define _GNU_SOURCE
#include "sandbox.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static int start_loopback(void) {
    int any = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (any < 0) return -1;
    struct ifreq loopback = {.ifr_flags = IFF_UP | IFF_RUNNING};
    strcpy(loopback.ifr_name, "lo");
    int result = ioctl(any, SIOCSIFFLAGS, &loopback);
    int error = errno;
    close(any);
    errno = error;
    return result;
}

static int listen_at(uint16_t port) {
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener < 0) return -1;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) != 0) return -1;
    return listen(listener, 64) == 0 ? listener : -1;
}

int skep_arrange_network(const struct skep_sandbox *sandbox, int channel) {
    if (start_loopback() != 0) return -1;
    size_t count = sandbox->port_count;
    if (count == 0) return 0;
    if (count > SKEP_MOST_LISTENERS) {
        errno = E2BIG;
        return -1;
    }
    int listeners[SKEP_MOST_LISTENERS];
    for (size_t i = 0; i < count; i++) {
        listeners[i] = listen_at(sandbox->ports[i]);
        if (listeners[i] < 0) return -1;
    }
    char byte = 'L';
    struct iovec text = {&byte, 1};
    union {
        struct cmsghdr head;
        char bytes[CMSG_SPACE(sizeof listeners)];
    } control = {.bytes = {0}};
    struct msghdr message = {.msg_iov = &text, .msg_iovlen = 1, .msg_control = control.bytes};
    message.msg_controllen = CMSG_SPACE(count * sizeof *listeners);
    struct cmsghdr *rights = CMSG_FIRSTHDR(&message);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(count * sizeof *listeners);
    memcpy(CMSG_DATA(rights), listeners, count * sizeof *listeners);
    if (sendmsg(channel, &message, MSG_NOSIGNAL) != 1) return -1;
    for (size_t i = 0; i < count; i++) close(listeners[i]);
    return 0;
}
#endif
