#ifdef __linux__
#define _GNU_SOURCE
#include "sandbox.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#if defined(__x86_64__)
#define OWN_ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define OWN_ARCHITECTURE AUDIT_ARCH_AARCH64
#endif

// CLONE_NEW…: time, mounts, cgroups, UTS, IPC, users, pids, network.
#define NEW_NAMESPACES 0x7E020080U

#ifndef SECCOMP_RET_KILL_PROCESS
#define SECCOMP_RET_KILL_PROCESS 0x80000000U
#endif

#define LOAD(offset) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (offset))
#define RETURN(action) BPF_STMT(BPF_RET | BPF_K, (action))
#define REFUSE(error) RETURN(SECCOMP_RET_ERRNO | (error))
#define IF_NOT(value, skip) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), 0, (skip))
#define IF(value, skip) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), (skip), 0)
#define NUMBER offsetof(struct seccomp_data, nr)
// The lower half of an argument: both architectures are little endian.
#define ARGUMENT(n) (offsetof(struct seccomp_data, args) + 8 * (n))

// Numbers that older headers don't have are the same on both architectures.
static const int refused[] = {
    SYS_mount, SYS_umount2, SYS_pivot_root, SYS_chroot, SYS_setns,
    428 /* open_tree */, 429 /* move_mount */, 430 /* fsopen */, 431 /* fsconfig */,
    432 /* fsmount */, 433 /* fspick */, 442 /* mount_setattr */, 467 /* open_tree_attr */,
    SYS_add_key, SYS_request_key, SYS_keyctl,
    SYS_bpf, SYS_perf_event_open, SYS_userfaultfd,
    425 /* io_uring_setup */, 426 /* io_uring_enter */, 427 /* io_uring_register */,
    SYS_kexec_load, SYS_kexec_file_load, SYS_init_module, SYS_finit_module, SYS_delete_module,
    SYS_name_to_handle_at, SYS_open_by_handle_at, SYS_reboot, SYS_swapon, SYS_swapoff,
    SYS_clock_settime, SYS_clock_adjtime, SYS_settimeofday, SYS_adjtimex,
    SYS_sethostname, SYS_setdomainname, SYS_acct, SYS_quotactl, SYS_syslog, SYS_vhangup,
#ifdef __x86_64__
    SYS_iopl, SYS_ioperm, SYS_modify_ldt,
#endif
};
enum { refused_count = sizeof refused / sizeof *refused };

int skep_filter_calls(void) {
#ifndef OWN_ARCHITECTURE
    errno = ENOSYS;
    return -1;
#else
    static const struct sock_filter head[] = {
        LOAD(offsetof(struct seccomp_data, arch)),
        IF(OWN_ARCHITECTURE, 1),
        RETURN(SECCOMP_RET_KILL_PROCESS),
        LOAD(NUMBER),
#ifdef __x86_64__
        // The other numbers of the same calls (x32).
        BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000U, 0, 1),
        RETURN(SECCOMP_RET_KILL_PROCESS),
#endif
        // Its flags lie in memory, where no filter sees them; C libraries then use clone.
        IF_NOT(435 /* clone3 */, 1),
        REFUSE(ENOSYS),
        IF(SYS_clone, 1),
        IF_NOT(SYS_unshare, 4),
        LOAD(ARGUMENT(0)),
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, NEW_NAMESPACES, 0, 1),
        REFUSE(EPERM),
        RETURN(SECCOMP_RET_ALLOW),
        IF_NOT(SYS_ioctl, 5),
        LOAD(ARGUMENT(1)),
        // Typing into somebody's terminal.
        IF(0x5412 /* TIOCSTI */, 1),
        IF_NOT(0x541C /* TIOCLINUX */, 1),
        REFUSE(EPERM),
        RETURN(SECCOMP_RET_ALLOW),
        // Other families aren't bounded by namespaces, or are there for nobody but attackers.
        IF_NOT(SYS_socket, 7),
        LOAD(ARGUMENT(0)),
        IF(AF_UNIX, 4),
        IF(AF_INET, 3),
        IF(AF_INET6, 2),
        IF(AF_NETLINK, 1),
        REFUSE(EAFNOSUPPORT),
        RETURN(SECCOMP_RET_ALLOW),
    };
    enum { head_count = sizeof head / sizeof *head };
    struct sock_filter filter[head_count + refused_count + 2];
    for (int i = 0; i < head_count; i++) filter[i] = head[i];
    struct sock_filter *next = filter + head_count;
    for (int i = 0; i < refused_count; i++) {
        struct sock_filter compare =
            IF((unsigned)refused[i], (unsigned char)(refused_count - i));
        *next++ = compare;
    }
    struct sock_filter allow = RETURN(SECCOMP_RET_ALLOW), refuse = REFUSE(EPERM);
    *next++ = allow;
    *next++ = refuse;
    struct sock_fprog program = {.len = (unsigned short)(next - filter), .filter = filter};
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0);
#endif
}
#endif
