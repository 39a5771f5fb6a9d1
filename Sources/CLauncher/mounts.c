#ifdef __linux__
#define _GNU_SOURCE
#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

// <sys/mount.h> and <linux/mount.h> can't be had together with older C libraries.
int mount(const char *, const char *, const char *, unsigned long, const void *);
#define OLD_NOSUID 2UL
#define OLD_NODEV 4UL
#define OLD_NOEXEC 8UL
#define OLD_REC 16384UL
#define OLD_PRIVATE (1UL << 18)

#ifndef MOUNT_ATTR_RDONLY
#define MOUNT_ATTR_RDONLY 1
#define MOUNT_ATTR_NOSUID 2
#define MOUNT_ATTR_NODEV 4
#endif
#ifndef AT_RECURSIVE
#define AT_RECURSIVE 0x8000
#endif
#ifndef SYS_mount_setattr
#define SYS_mount_setattr 442
#endif

struct attributes {
    uint64_t set, clear, propagation, user_namespace;
};

static int set_attributes(int folder, const char *path, unsigned flags, uint64_t set) {
    struct attributes change = {.set = set};
    return (int)syscall(SYS_mount_setattr, folder, path, flags, &change, sizeof change);
}

static int copy_tree(const char *path) {
    return (int)syscall(SYS_open_tree, AT_FDCWD, path,
                        OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
}

static int put_tree(int tree, const char *path) {
    return (int)syscall(SYS_move_mount, tree, "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH);
}

int skep_put(const char *path, const char *text) {
    int file = open(path, O_WRONLY | O_CLOEXEC);
    if (file < 0) return -1;
    ssize_t length = (ssize_t)strlen(text), put = write(file, text, (size_t)length);
    int error = errno;
    close(file);
    errno = error;
    return put == length ? 0 : -1;
}

// What isn't there, or not for us, is not for the agent either.
static int is_out_of_reach(int error) {
    return error == ENOENT || error == ENOTDIR || error == EACCES || error == ELOOP;
}

static int mount_memory(const char *path, const char *options) {
    return mount("tmpfs", path, "tmpfs", OLD_NOSUID | OLD_NODEV, options);
}

// Makes whatever a tree is put upon, where an empty folder has taken its parents' place.
static int make_ground(const char *path, int tree) {
    struct stat status;
    if (fstat(tree, &status) != 0) return -1;
    char folder[4096];
    size_t length = strlen(path);
    if (length >= sizeof folder) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(folder, path, length + 1);
    for (size_t i = 1; i < length; i++) {
        if (folder[i] != '/') continue;
        folder[i] = 0;
        if (access(folder, F_OK) != 0 && mkdir(folder, 0755) != 0) return -1;
        folder[i] = '/';
    }
    if (access(path, F_OK) == 0) return 0;
    if (S_ISDIR(status.st_mode)) return mkdir(path, 0755);
    int file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    return file < 0 ? -1 : close(file);
}

static int hide(const char *path) {
    struct stat status;
    if (stat(path, &status) != 0) return is_out_of_reach(errno) ? 0 : -1;
    if (S_ISDIR(status.st_mode)) {
        return mount_memory(path, "size=64k,mode=755") == 0 || is_out_of_reach(errno) ? 0 : -1;
    }
    int nothing = copy_tree("/dev/null");
    if (nothing < 0) return -1;
    int result = put_tree(nothing, path);
    close(nothing);
    return result;
}

static const char *const devices[] = {"/dev/null",   "/dev/zero",    "/dev/full",
                                      "/dev/random", "/dev/urandom", "/dev/tty"};
enum { device_count = sizeof devices / sizeof *devices };

static int make_devices(void) {
    int trees[device_count];
    for (int i = 0; i < device_count; i++) trees[i] = copy_tree(devices[i]);
    if (mount_memory("/dev", "size=64k,mode=755") != 0) return -1;
    for (int i = 0; i < device_count; i++) {
        if (trees[i] < 0) continue;
        if (make_ground(devices[i], trees[i]) != 0 || put_tree(trees[i], devices[i]) != 0) return -1;
        close(trees[i]);
    }
    if (mkdir("/dev/shm", 0755) != 0 || mkdir("/dev/pts", 0755) != 0) return -1;
    // Without terminals most agents still work.
    if (mount("devpts", "/dev/pts", "devpts", OLD_NOSUID | OLD_NOEXEC,
              "newinstance,ptmxmode=0666,mode=620") == 0) {
        if (symlink("pts/ptmx", "/dev/ptmx") != 0) return -1;
    }
    if (symlink("/proc/self/fd", "/dev/fd") != 0) return -1;
    if (symlink("/proc/self/fd/0", "/dev/stdin") != 0) return -1;
    if (symlink("/proc/self/fd/1", "/dev/stdout") != 0) return -1;
    return symlink("/proc/self/fd/2", "/dev/stderr");
}

static int put_place(struct skep_place *place, uint64_t private_bytes,
                     struct skep_sandbox_report *report) {
    char options[64];
    int is_tmp = strcmp(place->path, "/tmp") == 0;
    switch (place->kind) {
    case SKEP_PLACE_HIDDEN: return hide(place->path);
    case SKEP_PLACE_DEVICES:
        report->measures |= SKEP_MEASURE_OWN_DEVICES;
        return make_devices();
    case SKEP_PLACE_PRIVATE:
        snprintf(options, sizeof options, "size=%llu,mode=1777",
                 (unsigned long long)(is_tmp ? private_bytes / 4 * 3 : private_bytes / 8));
        if (mount_memory(place->path, options) != 0) return is_out_of_reach(errno) ? 0 : -1;
        if (is_tmp) report->measures |= SKEP_MEASURE_PRIVATE_TMP;
        return 0;
    case SKEP_PLACE_READABLE:
    case SKEP_PLACE_WRITABLE: break;
    }
    if (place->tree < 0) return 0;
    if (make_ground(place->path, place->tree) != 0) return -1;
    int result = put_tree(place->tree, place->path);
    close(place->tree);
    return result;
}

// Copies of what stays, taken while all of it can be seen.
static int copy_places(const struct skep_sandbox *sandbox) {
    for (size_t i = 0; i < sandbox->place_count; i++) {
        struct skep_place *place = &sandbox->places[i];
        if (place->kind != SKEP_PLACE_READABLE && place->kind != SKEP_PLACE_WRITABLE) continue;
        place->tree = copy_tree(place->path);
        if (place->tree < 0 && !is_out_of_reach(errno)) return -1;
        if (place->tree < 0) continue;
        uint64_t set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
        if (place->kind == SKEP_PLACE_READABLE) set |= MOUNT_ATTR_RDONLY;
        if (set_attributes(place->tree, "", AT_EMPTY_PATH | AT_RECURSIVE, set) != 0) return -1;
    }
    return 0;
}

// The numbers of other processes mean nothing in here, so their /proc must go.
static void mount_proc(struct skep_sandbox_report *report) {
    if (mount("proc", "/proc", "proc", OLD_NOSUID | OLD_NODEV | OLD_NOEXEC, NULL) != 0) {
        report->failed_stage = SKEP_STAGE_MOUNTS;
        report->failed_error = errno;
        return;
    }
    report->measures |= SKEP_MEASURE_OWN_PROC;
    // Root may set what is in here, even without capabilities.
    static const char *const knobs[] = {"/proc/sys", "/proc/sysrq-trigger", "/proc/irq",
                                        "/proc/bus", "/proc/fs"};
    for (size_t i = 0; i < sizeof knobs / sizeof *knobs; i++) {
        int tree = copy_tree(knobs[i]);
        if (tree < 0) continue;
        if (set_attributes(tree, "", AT_EMPTY_PATH | AT_RECURSIVE, MOUNT_ATTR_RDONLY) == 0) {
            put_tree(tree, knobs[i]);
        }
        close(tree);
    }
}

int skep_arrange_mounts(const struct skep_sandbox *sandbox, struct skep_sandbox_report *report) {
    if (mount(NULL, "/", NULL, OLD_REC | OLD_PRIVATE, NULL) != 0) return -1;
    if (copy_places(sandbox) != 0) return -1;
    uint64_t fixed = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID;
    if (set_attributes(AT_FDCWD, "/", AT_RECURSIVE, fixed) != 0) return -1;
    mount_proc(report);
    for (size_t i = 0; i < sandbox->place_count; i++) {
        if (put_place(&sandbox->places[i], sandbox->private_bytes, report) != 0) return -1;
    }
    for (size_t i = 0; i < sandbox->place_count; i++) {
        const struct skep_place *place = &sandbox->places[i];
        if (place->kind != SKEP_PLACE_HIDDEN && place->kind != SKEP_PLACE_DEVICES) continue;
        // Only what was mounted there: a place that was passed over is none.
        if (set_attributes(AT_FDCWD, place->path, 0, MOUNT_ATTR_RDONLY) != 0 &&
            !is_out_of_reach(errno) && errno != EINVAL) {
            return -1;
        }
    }
    report->measures |= SKEP_MEASURE_MOUNT_NAMESPACE | SKEP_MEASURE_READ_ONLY_ROOT;
    return 0;
}
#endif
