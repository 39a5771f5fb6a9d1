#ifdef __linux__
#define _GNU_SOURCE
#include "sandbox.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

void skep_drop_bounds(void) {
    // Where we may not, nobody has any to give.
    for (int capability = 0; capability < 64; capability++) {
        if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0 && errno == EINVAL) break;
    }
}

int skep_drop_capabilities(void) {
    skep_drop_bounds();
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct none[2] = {{0, 0, 0}, {0, 0, 0}};
    return (int)syscall(SYS_capset, &header, none);
}

// Landlock, as of its version 7; older C libraries' headers don't know all of it.
// https://docs.kernel.org/userspace-api/landlock.html
enum {
    EXECUTE = 1 << 0,
    WRITE_FILE = 1 << 1,
    READ_FILE = 1 << 2,
    READ_DIR = 1 << 3,
    TRUNCATE = 1 << 14,
    IOCTL_DEV = 1 << 15,
    FOR_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV,
    READING = EXECUTE | READ_FILE | READ_DIR,
};

struct ruleset {
    uint64_t paths, network, scopes;
};

struct beneath {
    uint64_t allowed;
    int32_t parent;
} __attribute__((packed));

static uint64_t rights_of(int version) {
    uint64_t rights = (1 << 13) - 1;
    if (version >= 2) rights |= 1 << 13;
    if (version >= 3) rights |= TRUNCATE;
    if (version >= 5) rights |= IOCTL_DEV;
    return rights;
}

// 0 also when there is no such place for us.
static int allow(int rules, const char *path, uint64_t rights) {
    int file = open(path, O_PATH | O_CLOEXEC);
    if (file < 0) return 0;
    struct stat status;
    struct beneath rule = {.allowed = rights, .parent = file};
    int result = fstat(file, &status);
    if (result == 0 && !S_ISDIR(status.st_mode)) rule.allowed &= FOR_FILES;
    if (result == 0) result = (int)syscall(SYS_landlock_add_rule, rules, 1, &rule, 0);
    int error = errno;
    close(file);
    errno = error;
    return result;
}

static int is_below(const char *path, const char *folder) {
    size_t length = strlen(folder);
    if (strcmp(folder, "/") == 0) return path[1] != 0;
    return strncmp(path, folder, length) == 0 && path[length] == '/';
}

// Everything but what is hidden: rules only add, so the folders above hidden ones are entered.
static int allow_around(int rules, const struct skep_sandbox *sandbox, const char *path,
                        uint64_t rights) {
    int hides_below = 0;
    for (size_t i = 0; i < sandbox->place_count; i++) {
        const struct skep_place *place = &sandbox->places[i];
        if (place->kind != SKEP_PLACE_HIDDEN) continue;
        if (strcmp(place->path, path) == 0) return 0;
        if (is_below(place->path, path)) hides_below = 1;
    }
    if (!hides_below) return allow(rules, path, rights);
    DIR *folder = opendir(path);
    if (folder == NULL) return 0;
    int result = 0;
    struct dirent *entry;
    while (result == 0 && (entry = readdir(folder)) != NULL) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        char below[4096];
        int length = snprintf(below, sizeof below, "%s/%s", path[1] == 0 ? "" : path, entry->d_name);
        if (length >= (int)sizeof below) continue;
        // What a link leads to has a rule of its own, or is hidden.
        struct stat status;
        if (lstat(below, &status) != 0 || S_ISLNK(status.st_mode)) continue;
        result = allow_around(rules, sandbox, below, rights);
    }
    closedir(folder);
    return result;
}

// All in a /dev of its own; else the ones that every program needs.
static int allow_devices(int rules, const char *folder, uint64_t all, int has_mounts) {
    static const char *const needed[] = {"/dev/null",    "/dev/zero", "/dev/full", "/dev/random",
                                         "/dev/urandom", "/dev/tty",  "/dev/ptmx", "/dev/pts"};
    uint64_t use = all & (READING | WRITE_FILE | TRUNCATE | IOCTL_DEV);
    if (has_mounts) return allow(rules, folder, use);
    int result = 0;
    for (size_t i = 0; result == 0 && i < sizeof needed / sizeof *needed; i++) {
        result = allow(rules, needed[i], use);
    }
    return result;
}

static int add_rules(int rules, const struct skep_sandbox *sandbox, uint64_t all, int has_mounts) {
    uint64_t reading = READING;
    if (has_mounts) {
        if (allow(rules, "/", reading) != 0) return -1;
    } else if (allow_around(rules, sandbox, "/", reading) != 0) {
        return -1;
    }
    if (allow(rules, "/proc", all & (READING | WRITE_FILE)) != 0) return -1;
    for (size_t i = 0; i < sandbox->place_count; i++) {
        const struct skep_place *place = &sandbox->places[i];
        uint64_t rights;
        switch (place->kind) {
        case SKEP_PLACE_HIDDEN: continue;
        case SKEP_PLACE_DEVICES:
            if (allow_devices(rules, place->path, all, has_mounts) != 0) return -1;
            continue;
        case SKEP_PLACE_READABLE: rights = reading; break;
        case SKEP_PLACE_PRIVATE:
            // Without mounts it is everybody's.
            if (!has_mounts) continue;
            rights = all;
            break;
        case SKEP_PLACE_WRITABLE: rights = all; break;
        }
        int result = has_mounts ? allow(rules, place->path, rights)
                                : allow_around(rules, sandbox, place->path, rights);
        if (result != 0) return -1;
    }
    return 0;
}

int skep_confine_paths(const struct skep_sandbox *sandbox, int has_mounts) {
    long version = syscall(SYS_landlock_create_ruleset, NULL, 0, 1);
    if (version < 1) return 0;
    struct ruleset set = {.paths = rights_of((int)version)};
    // Abstract sockets and signals stay inside.
    if (version >= 6) set.scopes = 3;
    size_t size = version >= 6 ? 24 : version >= 4 ? 16 : 8;
    int rules = (int)syscall(SYS_landlock_create_ruleset, &set, size, 0);
    if (rules < 0) return -1;
    int result = add_rules(rules, sandbox, set.paths, has_mounts);
    if (result == 0) result = (int)syscall(SYS_landlock_restrict_self, rules, 0);
    int error = errno;
    close(rules);
    errno = error;
    return result == 0 ? (int)version : -1;
}
#endif
