#ifdef __linux__
#define _GNU_SOURCE
#endif
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef __linux__
#include <sched.h>
#endif

static _Noreturn void run_child(const struct skep_launch *launch, const struct lines *lines) {
    int report = lines->report;
    if (setsid() < 0) skep_fail(report, SKEP_STAGE_SESSION, errno);
    skep_set_up_streams(launch, report);
    umask(022);
    if (skep_set_limits(launch, 0) != 0) skep_fail(report, SKEP_STAGE_LIMITS, errno);
#ifdef __linux__
    struct skep_sandbox_report facts = {.measures = 0};
    skep_confine(launch, report, &facts);
    // After the change of user, which clears the death signal.
    skep_die_with_parent(lines);
    if (launch->sandbox != NULL) skep_tell(report, &facts);
#else
    if (skep_become_user(launch) != 0) skep_fail(report, SKEP_STAGE_USER, errno);
#endif
    skep_execute(launch, report, 0);
}

// The listeners' sockets, which came over the channel.
static void take_listeners(int channel, struct skep_agent *agent) {
#ifdef __linux__
    char byte;
    struct iovec text = {&byte, 1};
    union {
        struct cmsghdr head;
        char bytes[CMSG_SPACE(sizeof agent->listeners)];
    } control;
    struct msghdr message = {.msg_iov = &text, .msg_iovlen = 1, .msg_control = control.bytes,
                             .msg_controllen = sizeof control.bytes};
    if (recvmsg(channel, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) != 1) return;
    struct cmsghdr *part = CMSG_FIRSTHDR(&message);
    if (part == NULL || part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) return;
    agent->listener_count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    memcpy(agent->listeners, CMSG_DATA(part), agent->listener_count * sizeof(int));
#else
    (void)channel;
    (void)agent;
#endif
}

// Reads until the program has started or all is over. Whether something failed.
static int take_report(int report, struct skep_agent *agent, struct skep_failure *failure) {
    struct message message;
    while (1) {
        ssize_t got = read(report, &message, sizeof message);
        if (got < 0 && errno == EINTR) continue;
        if (got != (ssize_t)sizeof message) return 0;
        if (message.failure.stage != SKEP_STAGE_NONE) {
            *failure = message.failure;
            return 1;
        }
        agent->report = message.report;
    }
}

static void close_both(const int ends[2]) {
    close(ends[0]);
    close(ends[1]);
}

// 0, or an errno with nothing left open.
static int make_lines(int report[2], int channel[2], int status[2]) {
    if (pipe(report) != 0) return errno;
    if (pipe(status) != 0) {
        int error = errno;
        close_both(report);
        return error;
    }
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, channel) != 0) {
        int error = errno;
        close_both(report);
        close_both(status);
        return error;
    }
    for (int i = 0; i < 2; i++) {
        fcntl(report[i], F_SETFD, FD_CLOEXEC);
        fcntl(status[i], F_SETFD, FD_CLOEXEC);
        fcntl(channel[i], F_SETFD, FD_CLOEXEC);
    }
    return 0;
}

static pid_t start_child(unsigned long namespaces, const struct skep_launch *launch,
                         const struct lines *lines, int reader) {
#ifdef __linux__
    uid_t user = geteuid();
    gid_t group = getegid();
    pid_t child = namespaces == 0 ? fork() : skep_split(namespaces);
    if (child == 0) {
        close(reader);
        if (namespaces != 0) skep_run_first(launch, lines, namespaces, user, group);
        run_child(launch, lines);
    }
#else
    (void)namespaces;
    pid_t child = fork();
    if (child == 0) {
        close(reader);
        run_child(launch, lines);
    }
#endif
    return child;
}

// One try, in new namespaces or in none.
static int launch_in(unsigned long namespaces, const struct skep_launch *launch,
                     struct skep_agent *agent, struct skep_failure *failure) {
    int report[2], channel[2], status[2];
    memset(agent, 0, sizeof *agent);
    agent->status = -1;
    *failure = (struct skep_failure){.stage = SKEP_STAGE_NONE};
    int error = make_lines(report, channel, status);
    if (error != 0) {
        *failure = (struct skep_failure){.stage = SKEP_STAGE_PIPE, .error = error};
        return -1;
    }

    // Until the child has default handlers again, a signal to it would be told to the host.
    sigset_t all, before;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    struct lines lines = {
        .report = report[1], .channel = channel[1], .status = status[1], .parent = getpid()};
    pid_t child = start_child(namespaces, launch, &lines, report[0]);
    error = errno;
    sigprocmask(SIG_SETMASK, &before, NULL);
    close(report[1]);
    close(channel[1]);
    close(status[1]);
    int failed = 1;
    if (child < 0) {
        enum skep_stage stage = namespaces == 0 ? SKEP_STAGE_FORK : SKEP_STAGE_NAMESPACES;
        *failure = (struct skep_failure){.stage = stage, .error = error};
    } else {
        failed = take_report(report[0], agent, failure);
        take_listeners(channel[0], agent);
    }
    close(report[0]);
    close(channel[0]);
    if (!failed) {
        agent->child = child;
        if (namespaces == 0) close(status[0]);
        else agent->status = status[0];
        return 0;
    }
    close(status[0]);
    for (size_t i = 0; i < agent->listener_count; i++) close(agent->listeners[i]);
    agent->listener_count = 0;
    while (child > 0 && waitpid(child, NULL, 0) < 0 && errno == EINTR) {
    }
    return -1;
}

int skep_launch_agent(const struct skep_launch *launch, struct skep_agent *agent,
                      struct skep_failure *failure) {
    unsigned long namespaces = 0;
#ifdef __linux__
    if (launch->sandbox != NULL) {
        namespaces = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS;
        if (launch->sandbox->has_no_network) namespaces |= CLONE_NEWNET;
        if (geteuid() != 0) namespaces |= CLONE_NEWUSER;
    }
#endif
    if (launch_in(namespaces, launch, agent, failure) == 0) return 0;
    int stage = failure->stage, error = failure->error;
    int is_for_lack = stage >= SKEP_STAGE_NAMESPACES && stage <= SKEP_STAGE_NETWORK;
    if (namespaces == 0 || !is_for_lack || launch->sandbox->is_required) return -1;
    if (launch_in(0, launch, agent, failure) != 0) return -1;
    agent->report.failed_stage = stage;
    agent->report.failed_error = error;
    return 0;
}

int skep_agent_status(struct skep_agent *agent, int ended) {
    if (agent->status < 0) return ended;
    int own;
    ssize_t got;
    do {
        got = read(agent->status, &own, sizeof own);
    } while (got < 0 && errno == EINTR);
    close(agent->status);
    agent->status = -1;
    return got == (ssize_t)sizeof own ? own : ended;
}
