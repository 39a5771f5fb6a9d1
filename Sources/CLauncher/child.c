#ifdef __linux__
#define _GNU_SOURCE
#endif
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/syscall.h>
#include <sys/utsname.h>
#endif

#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC (1U << 2)
#endif

void skep_fail(int report, enum skep_stage stage, int error) {
    struct message message = {.failure = {.stage = (int32_t)stage, .error = error}};
    ssize_t written = write(report, &message, sizeof message);
    (void)written;
    _exit(127);
}

// The agent gets 0-2 and nothing else; the report pipe closes itself when the program starts.
static void close_others_on_exec(void) {
#if defined(__linux__) && defined(SYS_close_range)
    if (syscall(SYS_close_range, 3U, ~0U, CLOSE_RANGE_CLOEXEC) == 0) return;
#endif
    long most = sysconf(_SC_OPEN_MAX);
    if (most < 0 || most > 65536) most = 65536;
    for (int fd = 3; fd < most; fd++) {
        int flags = fcntl(fd, F_GETFD);
        if (flags >= 0) fcntl(fd, F_SETFD, flags | FD_CLOEXEC);
    }
}

void skep_set_up_streams(const struct skep_launch *launch, int report) {
    if (dup2(launch->input, 0) < 0 || dup2(launch->output, 1) < 0 || dup2(launch->error, 2) < 0) {
        skep_fail(report, SKEP_STAGE_STREAMS, errno);
    }
    close_others_on_exec();
}

// Signals that were ignored stay so across exec, and Dispatch's threads block most of them: an
// agent born like that could not be stopped with TERM.
static void reset_signals(void) {
    struct sigaction standard = {.sa_handler = SIG_DFL};
    sigemptyset(&standard.sa_mask);
    for (int number = 1; number < NSIG; number++) {
        if (number != SIGKILL && number != SIGSTOP) sigaction(number, &standard, NULL);
    }
#ifdef __linux__
    // glibc keeps 32 and 33 to itself and won't touch them; somebody may have ignored them still.
    static const unsigned long kernel_default[4];
    for (int number = 32; number <= 33; number++) {
        syscall(SYS_rt_sigaction, number, kernel_default, NULL, 8UL);
    }
#endif
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static int set_limit(int resource, uint64_t value) {
    struct rlimit limit;
    if (value == SKEP_UNLIMITED) return 0;
    if (getrlimit(resource, &limit) != 0) return -1;
    if (limit.rlim_max == RLIM_INFINITY || value < limit.rlim_max) limit.rlim_max = (rlim_t)value;
    limit.rlim_cur = limit.rlim_max;
    return setrlimit(resource, &limit);
}

#ifdef __linux__
// Since Linux 5.14 the kernel counts a user's processes in each user namespace apart.
static int counts_apart(void) {
    struct utsname name;
    int major = 0, minor = 0;
    if (uname(&name) != 0 || sscanf(name.release, "%d.%d", &major, &minor) != 2) return 0;
    return major > 5 || (major == 5 && minor >= 14);
}
#endif

int skep_limits_processes(const struct skep_launch *launch, int has_own_users) {
#ifdef __linux__
    uid_t user = launch->changes_user ? launch->user : geteuid();
    // The kernel doesn't hold root to it.
    return launch->max_processes != SKEP_UNLIMITED && has_own_users && user != 0 && counts_apart();
#else
    (void)launch;
    (void)has_own_users;
    return 0;
#endif
}

int skep_set_limits(const struct skep_launch *launch, int has_own_users) {
    if (set_limit(RLIMIT_CORE, 0) != 0) return -1;
    if (set_limit(RLIMIT_NOFILE, launch->max_open_files) != 0) return -1;
    if (set_limit(RLIMIT_FSIZE, launch->max_file_bytes) != 0) return -1;
    if (!skep_limits_processes(launch, has_own_users)) return 0;
    return set_limit(RLIMIT_NPROC, launch->max_processes);
}

int skep_become_user(const struct skep_launch *launch) {
    if (!launch->changes_user) return 0;
    if (geteuid() == launch->user && getegid() == launch->group && geteuid() != 0) return 0;
    gid_t groups[1] = {launch->group};
    if (setgroups(1, groups) != 0) return -1;
    if (setgid(launch->group) != 0) return -1;
    return setuid(launch->user);
}

void skep_execute_as(uid_t user, gid_t group, char *const *arguments) {
    struct skep_launch launch = {.changes_user = 1, .user = user, .group = group};
    if (skep_become_user(&launch) == 0) execvp(arguments[0], arguments);
}

void skep_execute(const struct skep_launch *launch, int report, int has_own_tmp) {
    if (chdir(launch->directory) != 0) skep_fail(report, SKEP_STAGE_DIRECTORY, errno);
    char *const *environment = launch->environment;
    if (!has_own_tmp && launch->temporary != NULL) {
        // What is there already will do; what can't be made, the agent finds out.
        mkdir(launch->temporary, 0700);
        environment = launch->temporary_environment;
    }
    reset_signals();
    execve(launch->path, launch->arguments, environment);
    skep_fail(report, SKEP_STAGE_EXECUTE, errno);
}
