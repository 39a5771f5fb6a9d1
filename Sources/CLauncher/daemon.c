#ifdef __linux__
#define _GNU_SOURCE
#endif
#include "CLauncher.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/prctl.h>
#include <sys/syscall.h>
#endif

static void say(const char *text, size_t length) {
    ssize_t written = write(STDERR_FILENO, text, length);
    (void)written;
}

// The starter's side: waits for the host's word, passes an error on, and ends.
static void wait_until_ready(int ready) {
    static const char silent[] = "error: The session host ended before it was ready.\n";
    char text[4096];
    size_t length = 0;
    while (length < sizeof text) {
        ssize_t got = read(ready, text + length, sizeof text - length);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) break;
        length += (size_t)got;
        if (text[0] == 'R') _exit(0);
    }
    if (length == 0) say(silent, sizeof silent - 1);
    else say(text, length);
    _exit(1);
}

// What the starter had open is none of the host's business. `keep` is 3 or higher.
static void close_others(int keep) {
#if defined(__linux__) && defined(SYS_close_range)
    int below = keep == 3 || syscall(SYS_close_range, 3U, (unsigned)keep - 1, 0U) == 0;
    if (below && syscall(SYS_close_range, (unsigned)keep + 1, ~0U, 0U) == 0) return;
#endif
    long most = sysconf(_SC_OPEN_MAX);
    if (most < 0 || most > 65536) most = 65536;
    for (int fd = 3; fd < most; fd++) {
        if (fd != keep) close(fd);
    }
}

static void detach_streams(int keep) {
    int null = open("/dev/null", O_RDWR);
    if (null >= 0) {
        for (int fd = 0; fd <= 2; fd++) dup2(null, fd);
        if (null > 2) close(null);
    }
    close_others(keep);
}

int skep_daemonize(void) {
    int ready[2];
    if (pipe(ready) != 0) {
        static const char text[] = "error: The session host can't make a pipe.\n";
        say(text, sizeof text - 1);
        _exit(1);
    }
    // Above 2, even when the starter gave no standard streams at all.
    int writer = fcntl(ready[1], F_DUPFD_CLOEXEC, 3);
    if (writer < 0) _exit(1);
    close(ready[1]);
    pid_t middle = fork();
    if (middle < 0) {
        static const char text[] = "error: The session host can't fork.\n";
        say(text, sizeof text - 1);
        _exit(1);
    }
    if (middle > 0) {
        close(writer);
        while (waitpid(middle, NULL, 0) < 0 && errno == EINTR) {
        }
        wait_until_ready(ready[0]);
    }
    close(ready[0]);
    setsid();
    pid_t last = fork();
    if (last != 0) _exit(last < 0 ? 1 : 0);

    detach_streams(writer);
    umask(077);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    return writer;
}

static int signal_writer = -1;

static void note_signal(int number) {
    int kept = errno;
    unsigned char byte = (unsigned char)number;
    // A full pipe is fine: the host will look around anyway.
    ssize_t written = write(signal_writer, &byte, 1);
    (void)written;
    errno = kept;
}

int skep_signal_pipe(void) {
    static const int noted[] = {SIGTERM, SIGINT, SIGHUP, SIGCHLD};
    int ends[2];
    if (pipe(ends) != 0) return -1;
    for (int i = 0; i < 2; i++) {
        fcntl(ends[i], F_SETFD, FD_CLOEXEC);
        fcntl(ends[i], F_SETFL, O_NONBLOCK);
    }
    signal_writer = ends[1];
    struct sigaction action = {.sa_handler = note_signal, .sa_flags = SA_RESTART};
    sigfillset(&action.sa_mask);
    for (size_t i = 0; i < sizeof noted / sizeof *noted; i++) sigaction(noted[i], &action, NULL);
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigemptyset(&ignore.sa_mask);
    sigaction(SIGPIPE, &ignore, NULL);
    sigaction(SIGXFSZ, &ignore, NULL);
    return ends[0];
}

int skep_become_subreaper(void) {
#ifdef __linux__
    return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0 ? 0 : errno;
#else
    return ENOSYS;
#endif
}
