// What Swift can't do for the host: everything between fork and exec, signal handlers, and threads
// that relay. Nothing here allocates beside them, and nothing here knows records or folders.
#ifndef SKEP_CLAUNCHER_H
#define SKEP_CLAUNCHER_H

#include <stdint.h>
#include <sys/types.h>

/// A limit that is left as it is.
#define SKEP_UNLIMITED UINT64_MAX

/// How many sockets a network of its own may listen on.
#define SKEP_MOST_LISTENERS 32

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
    /// 11 is the host's own: its input.
    SKEP_STAGE_NAMESPACES = 12,
    SKEP_STAGE_MOUNTS = 13,
    SKEP_STAGE_NETWORK = 14,
    SKEP_STAGE_CAPABILITIES = 15,
    SKEP_STAGE_LANDLOCK = 16,
    SKEP_STAGE_SECCOMP = 17,
    /// A required sandbox that this kernel can't give.
    SKEP_STAGE_SANDBOX = 18,
};

/// What stands at a place. Of two at the same path the later one counts.
enum skep_place_kind {
    /// An empty folder that can't be written.
    SKEP_PLACE_HIDDEN = 0,
    /// An empty folder in memory, of the session's own.
    SKEP_PLACE_PRIVATE = 1,
    SKEP_PLACE_READABLE = 2,
    SKEP_PLACE_WRITABLE = 3,
    /// The devices that every program needs, and no other.
    SKEP_PLACE_DEVICES = 4,
};

struct skep_place {
    const char *_Nonnull path;
    enum skep_place_kind kind;
    /// The launcher's own: -1 before.
    int tree;
};

/// How an agent is shut in. Everything may be read, nothing written, but for the places.
struct skep_sandbox {
    /// Parents before what is below them.
    struct skep_place *_Nonnull places;
    size_t place_count;
    /// Whether the agent isn't started when any of it can't be had. Landlock may be missing: it
    /// stands behind the mounts.
    int is_required;
    int has_no_network;
    /// Where it finds the relay on its loopback, when it has no other network.
    const uint16_t *_Nullable ports;
    size_t port_count;
    /// What /tmp and two other private folders may hold together: it gets three quarters.
    uint64_t private_bytes;
};

/// What can be in force.
enum skep_measure {
    SKEP_MEASURE_USER_NAMESPACE = 1 << 0,
    SKEP_MEASURE_MOUNT_NAMESPACE = 1 << 1,
    SKEP_MEASURE_PID_NAMESPACE = 1 << 2,
    SKEP_MEASURE_NETWORK_NAMESPACE = 1 << 3,
    SKEP_MEASURE_READ_ONLY_ROOT = 1 << 4,
    SKEP_MEASURE_PRIVATE_TMP = 1 << 5,
    SKEP_MEASURE_OWN_PROC = 1 << 6,
    SKEP_MEASURE_OWN_DEVICES = 1 << 7,
    SKEP_MEASURE_LANDLOCK = 1 << 8,
    SKEP_MEASURE_SECCOMP = 1 << 9,
    SKEP_MEASURE_NO_CAPABILITIES = 1 << 10,
    SKEP_MEASURE_NO_NEW_PRIVILEGES = 1 << 11,
    SKEP_MEASURE_PROCESS_LIMIT = 1 << 12,
};

/// What is in force. All zero without a sandbox.
struct skep_sandbox_report {
    uint32_t measures;
    /// Landlock's version; 0 when it isn't in force.
    int32_t landlock;
    /// Where the namespaces, or in them /proc, failed, and why; `SKEP_STAGE_NONE`: nowhere.
    int32_t failed_stage;
    int32_t failed_error;
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
    /// NULL: none.
    const struct skep_sandbox *_Nullable sandbox;
    /// A folder that is made for temporary files where /tmp can't be private, and the environment
    /// that names it. NULL: there is none.
    const char *_Nullable temporary;
    char *_Nullable const *_Nullable temporary_environment;
};

struct skep_failure {
    int32_t stage;
    int32_t error;
};

/// An agent that was started.
struct skep_agent {
    /// The host's child, to be waited for: the agent, or the first process of its namespaces,
    /// which ends with it and takes the rest along.
    pid_t child;
    /// Where the agent's own wait status is read once `child` was waited for; -1: it is `child`'s.
    int status;
    /// The sockets that listen at the sandbox's ports, in their order.
    int listeners[SKEP_MOST_LISTENERS];
    size_t listener_count;
    struct skep_sandbox_report report;
};

/// Starts an agent as the leader of a session of its own, shut in as `sandbox` says. Returns 0 with
/// `agent` set once the program runs, or -1 with `failure` set; nothing is left running then.
///
/// Where namespaces can't be had, Landlock and the filter of system calls stand alone, unless the
/// sandbox is required.
int skep_launch_agent(const struct skep_launch *_Nonnull launch, struct skep_agent *_Nonnull agent,
                      struct skep_failure *_Nonnull failure);

/// The agent's own wait status, when `child` has ended with `ended`; closes `status`.
int skep_agent_status(struct skep_agent *_Nonnull agent, int ended);

/// What a relay lets through.
struct skep_endpoint {
    /// Lower case; "*." in front stands for all names below.
    const char *_Nonnull host;
    uint16_t port;
};

/// Serves the listeners from threads of its own until the process ends; it takes them, and copies
/// all else. The first listener speaks HTTP (CONNECT, and whole addresses); the listener N behind it
/// is connected to `direct[N - 1]`. What isn't let through is told on `refusals`, a line each:
/// "host:port". 0, or an errno.
int skep_start_relay(const int *_Nonnull listeners, size_t listener_count,
                     const struct skep_endpoint *_Nonnull direct,
                     const struct skep_endpoint *_Nonnull allowed, size_t allowed_count,
                     int refusals);

/// Leaves the starter behind: double fork, new session, 0-2 on /dev/null, all else closed.
///
/// Returns, in the grandchild, a descriptor to tell the starter on: "R" when ready, else an error
/// text. The first process stays until then, prints such a text, and ends with 0 or 1.
int skep_daemonize(void);

/// Has TERM, INT, HUP and CHLD written as bytes into a pipe, whose reading end is returned; PIPE
/// and XFSZ are ignored, so that they become errors. -1 with errno when there is no pipe.
int skep_signal_pipe(void);

/// Becomes a user, with no further groups, and gives way to a program that PATH leads to. Returns
/// only when that fails, with errno set.
void skep_execute_as(uid_t user, gid_t group, char *_Nullable const *_Nonnull arguments);

/// Makes orphaned descendants children of this process. 0, or an errno (ENOSYS without Linux).
int skep_become_subreaper(void);

#endif
