// Between launch.c and what it does in the child: everything here runs between fork and exec.
#ifndef SKEP_CHILD_H
#define SKEP_CHILD_H

#include "CLauncher.h"

// What a child tells its starter: first what is in force, then, if anything, what failed.
struct message {
    struct skep_sandbox_report report;
    struct skep_failure failure;
};

// What a child is given to talk on.
struct lines {
    // Closes itself when the program starts.
    int report;
    // To its starter: the sockets that listen in a network of its own.
    int channel;
    // For the agent's end, when this isn't the agent itself.
    int status;
    pid_t parent;
};

/// Says what failed, and ends.
_Noreturn void skep_fail(int report, enum skep_stage stage, int error);

/// Makes the three streams its own; all else closes itself when the program starts.
void skep_set_up_streams(const struct skep_launch *launch, int report);

/// Whether the kernel is given the limit of processes: where it would count those of other sessions
/// and of the user himself, too, only the host counts them.
int skep_limits_processes(const struct skep_launch *launch, int has_own_users);

/// 0, or -1 with errno.
int skep_set_limits(const struct skep_launch *launch, int has_own_users);

/// 0, or -1 with errno.
int skep_become_user(const struct skep_launch *launch);

/// Becomes the program.
_Noreturn void skep_execute(const struct skep_launch *launch, int report, int has_own_tmp);

#ifdef __linux__
/// Gives away what it may do, and adds that to the facts.
void skep_confine(const struct skep_launch *launch, int report, struct skep_sandbox_report *facts);

/// Ends with its starter from now on.
void skep_die_with_parent(const struct lines *lines);

/// Tells what is in force.
void skep_tell(int report, const struct skep_sandbox_report *facts);

/// A fork into new namespaces, or into none.
pid_t skep_split(unsigned long namespaces);

/// The first process of new namespaces: makes the agent in them, and outlives it by a moment.
_Noreturn void skep_run_first(const struct skep_launch *launch, const struct lines *lines,
                              unsigned long namespaces, uid_t user, gid_t group);
#endif
#endif
