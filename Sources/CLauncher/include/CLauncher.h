// What Swift can't do for the host: everything between fork and exec, and signal handlers.
// Nothing here allocates, and nothing here knows records or folders.
#ifndef SKEP_CLAUNCHER_H
#define SKEP_CLAUNCHER_H

#include <stdint.h>
#include <sys/types.h>

/// A limit that is left as it is.
#define SKEP_UNLIMITED UINT64_MAX

/// What the launcher was doing when it failed. The numbers are kept in exit records.
enum skep_stage {
    SKEP_STAGE_NONE = 0,
    SKEP_STAGE_PIPE = 1,
    SKEP_STAGE_FORK = 2,
    SKEP_STAGE_SESSION = 3,
    SKEP_STAGE_STREAMS = 4,
    SKEP_STAGE_LIMITS = 5,
    SKEP_STAGE_USER = 6,
    SKEP_STAGE_PRIVILEGES = 7,
    SKEP_STAGE_PARENT = 8,
    SKEP_STAGE_DIRECTORY = 9,
    SKEP_STAGE_EXECUTE = 10,
};

/// How to start one agent. Descriptors must be 3 or higher.
struct skep_launch {
    const char *_Nonnull path;
    char *_Nullable const *_Nonnull arguments;
    char *_Nullable const *_Nonnull environment;
    const char *_Nonnull directory;
    int input;
    int output;
    int error;
    /// Whether to become `user` and `group`, with no further groups.
    int changes_user;
    uid_t user;
    gid_t group;
    uint64_t max_open_files;
    uint64_t max_processes;
    uint64_t max_file_bytes;
};

struct skep_failure {
    int32_t stage;
    int32_t error;
};

/// Starts an agent as the leader of a session of its own. Returns its pid once the program runs,
/// or -1 with `failure` set; nothing is left running then.
pid_t skep_launch_agent(const struct skep_launch *_Nonnull launch,
                        struct skep_failure *_Nonnull failure);

/// Leaves the starter behind: double fork, new session, 0-2 on /dev/null, all else closed.
///
/// Returns, in the grandchild, a descriptor to tell the starter on: "R" when ready, else an error
/// text. The first process stays until then, prints such a text, and ends with 0 or 1.
int skep_daemonize(void);

/// Has TERM, INT, HUP and CHLD written as bytes into a pipe, whose reading end is returned; PIPE
/// and XFSZ are ignored, so that they become errors. -1 with errno when there is no pipe.
int skep_signal_pipe(void);

/// Makes orphaned descendants children of this process. 0, or an errno (ENOSYS without Linux).
int skep_become_subreaper(void);

#endif
