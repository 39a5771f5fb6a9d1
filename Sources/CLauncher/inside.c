// How a child is shut in, in new namespaces or without.
#ifdef __linux__
#define _GNU_SOURCE
#include "child.h"
#include "sandbox.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

// What a sandbox that is required can't be without.
static uint32_t needed(const struct skep_sandbox *sandbox) {
    uint32_t measures = SKEP_MEASURE_MOUNT_NAMESPACE | SKEP_MEASURE_PID_NAMESPACE |
                        SKEP_MEASURE_READ_ONLY_ROOT | SKEP_MEASURE_PRIVATE_TMP |
                        SKEP_MEASURE_OWN_PROC | SKEP_MEASURE_OWN_DEVICES | SKEP_MEASURE_SECCOMP |
                        SKEP_MEASURE_NO_CAPABILITIES | SKEP_MEASURE_NO_NEW_PRIVILEGES;
    if (sandbox->has_no_network) measures |= SKEP_MEASURE_NETWORK_NAMESPACE;
    return measures;
}

void skep_confine(const struct skep_launch *launch, int report, struct skep_sandbox_report *facts) {
    const struct skep_sandbox *sandbox = launch->sandbox;
    // Before the change of user, which takes the right to do so.
    if (sandbox != NULL && launch->changes_user) skep_drop_bounds();
    if (skep_become_user(launch) != 0) skep_fail(report, SKEP_STAGE_USER, errno);
    if (sandbox != NULL) {
        if (skep_drop_capabilities() != 0) skep_fail(report, SKEP_STAGE_CAPABILITIES, errno);
        facts->measures |= SKEP_MEASURE_NO_CAPABILITIES | SKEP_MEASURE_NO_NEW_PRIVILEGES;
        int has_own_users = (facts->measures & SKEP_MEASURE_USER_NAMESPACE) != 0;
        if (skep_limits_processes(launch, has_own_users)) {
            facts->measures |= SKEP_MEASURE_PROCESS_LIMIT;
        }
    }
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        skep_fail(report, SKEP_STAGE_PRIVILEGES, errno);
    }
    if (sandbox == NULL) return;
    int has_mounts = (facts->measures & SKEP_MEASURE_MOUNT_NAMESPACE) != 0;
    int version = skep_confine_paths(sandbox, has_mounts);
    if (version < 0) skep_fail(report, SKEP_STAGE_LANDLOCK, errno);
    facts->landlock = version;
    if (version > 0) facts->measures |= SKEP_MEASURE_LANDLOCK;
    if (skep_filter_calls() == 0) {
        facts->measures |= SKEP_MEASURE_SECCOMP;
    } else if (errno != EINVAL && errno != ENOSYS) {
        skep_fail(report, SKEP_STAGE_SECCOMP, errno);
    }
    if (sandbox->is_required && (needed(sandbox) & ~facts->measures) != 0) {
        int error = facts->failed_error != 0 ? facts->failed_error : ENOTSUP;
        skep_fail(report, SKEP_STAGE_SANDBOX, error);
    }
}

void skep_tell(int report, const struct skep_sandbox_report *facts) {
    struct message message = {.report = *facts};
    ssize_t written = write(report, &message, sizeof message);
    if (written != (ssize_t)sizeof message) _exit(127);
}

// Whether the one who must outlive us is there is told by the pipe to it, which it alone reads:
// in a namespace of our own it has no number.
void skep_die_with_parent(const struct lines *lines) {
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0) {
        skep_fail(lines->report, SKEP_STAGE_PARENT, errno);
    }
    pid_t parent = getppid();
    if (parent != 0 && parent != lines->parent) skep_fail(lines->report, SKEP_STAGE_PARENT, ESRCH);
}

// A user namespace in which we are who we were, and nobody else is anybody.
static int map_self(uid_t user, gid_t group) {
    char map[64];
    if (skep_put("/proc/self/setgroups", "deny") != 0 && errno != ENOENT) return -1;
    snprintf(map, sizeof map, "%u %u 1\n", (unsigned)user, (unsigned)user);
    if (skep_put("/proc/self/uid_map", map) != 0) return -1;
    snprintf(map, sizeof map, "%u %u 1\n", (unsigned)group, (unsigned)group);
    return skep_put("/proc/self/gid_map", map);
}

// The first process of the namespaces, from here on nothing but that: reaps whoever lost its
// parent, and ends with the agent, whereupon the kernel kills all others.
static _Noreturn void keep_house(pid_t agent, int status) {
    if (dup2(status, 0) < 0) _exit(127);
    if (syscall(SYS_close_range, 1U, ~0U, 0U) != 0) {
        for (int fd = 1; fd < 65536; fd++) close(fd);
    }
    while (1) {
        int ended;
        pid_t child = waitpid(-1, &ended, 0);
        if (child < 0 && errno != EINTR) _exit(127);
        if (child != agent) continue;
        ssize_t written = write(0, &ended, sizeof ended);
        (void)written;
        _exit(0);
    }
}

pid_t skep_split(unsigned long namespaces) {
#ifdef __s390x__
    return (pid_t)syscall(SYS_clone, NULL, namespaces | SIGCHLD, NULL, NULL, 0);
#else
    return (pid_t)syscall(SYS_clone, namespaces | SIGCHLD, NULL, NULL, NULL, 0);
#endif
}

void skep_run_first(const struct skep_launch *launch, const struct lines *lines,
                    unsigned long namespaces, uid_t user, gid_t group) {
    int report = lines->report;
    struct skep_sandbox_report facts = {.measures = SKEP_MEASURE_PID_NAMESPACE};
    if (setsid() < 0) skep_fail(report, SKEP_STAGE_SESSION, errno);
    if (namespaces & CLONE_NEWUSER) {
        if (map_self(user, group) != 0) skep_fail(report, SKEP_STAGE_NAMESPACES, errno);
        facts.measures |= SKEP_MEASURE_USER_NAMESPACE;
    }
    umask(022);
    if (namespaces & CLONE_NEWNET) {
        if (skep_arrange_network(launch->sandbox, lines->channel) != 0) {
            skep_fail(report, SKEP_STAGE_NETWORK, errno);
        }
        facts.measures |= SKEP_MEASURE_NETWORK_NAMESPACE;
    }
    if (skep_arrange_mounts(launch->sandbox, &facts) != 0) {
        skep_fail(report, SKEP_STAGE_MOUNTS, errno);
    }
    if (chdir("/") != 0) skep_fail(report, SKEP_STAGE_MOUNTS, errno);
    if (skep_set_limits(launch, (namespaces & CLONE_NEWUSER) != 0) != 0) skep_fail(report, SKEP_STAGE_LIMITS, errno);
    skep_confine(launch, report, &facts);
    skep_die_with_parent(lines);
    // This process' memory is the host's: the agent, who is the same user, may not look into it.
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) skep_fail(report, SKEP_STAGE_PRIVILEGES, errno);
    skep_tell(report, &facts);
    pid_t agent = skep_split(0);
    if (agent < 0) skep_fail(report, SKEP_STAGE_FORK, errno);
    if (agent > 0) keep_house(agent, lines->status);
    if (setsid() < 0) skep_fail(report, SKEP_STAGE_SESSION, errno);
    skep_set_up_streams(launch, report);
    skep_execute(launch, report, (facts.measures & SKEP_MEASURE_PRIVATE_TMP) != 0);
}
#endif
