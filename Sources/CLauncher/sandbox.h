// Between launch.c and the files that shut an agent in. Everything here runs in the child.
#ifndef SKEP_SANDBOX_H
#define SKEP_SANDBOX_H

#include "CLauncher.h"

#ifdef __linux__

/// Writes to a file of /proc. 0, or -1 with errno.
int skep_put(const char *path, const char *text);

/// Makes this process, the first of its new namespaces, see only what the sandbox shows. 0, or -1
/// with errno. Adds what it did to the report.
int skep_arrange_mounts(const struct skep_sandbox *sandbox, struct skep_sandbox_report *report);

/// Starts the loopback and listens on the sandbox's ports, whose sockets go out through `channel`.
int skep_arrange_network(const struct skep_sandbox *sandbox, int channel);

/// Has no program give capabilities again, as far as we may decide that.
void skep_drop_bounds(void);

/// Takes all capabilities away, also what a program could give again.
int skep_drop_capabilities(void);

/// The Landlock version that was applied; 0: there is none; -1 with errno.
int skep_confine_paths(const struct skep_sandbox *sandbox, int has_mounts);

/// Refuses the system calls that no agent needs. 0, or -1 with errno.
int skep_filter_calls(void);

#endif
#endif
