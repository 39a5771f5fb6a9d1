#include <git2.h>
#include <git2/sys/odb_backend.h>
#include <git2/sys/repository.h>
#include <git2/sys/stream.h>

// Variadic C functions are not imported into Swift; these are their typed forms.

static inline int skep_git_set_owner_validation(int on) {
    return git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, on);
}
static inline int skep_git_set_search_path(int level, const char *path) {
    return git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, level, path);
}
static inline int skep_git_set_user_agent(const char *agent) {
    return git_libgit2_opts(GIT_OPT_SET_USER_AGENT, agent);
}
static inline int skep_git_set_certificates(const char *file, const char *folder) {
    return git_libgit2_opts(GIT_OPT_SET_SSL_CERT_LOCATIONS, file, folder);
}

// A stream of our own: libgit2's struct first, as it casts one into the other.
typedef struct {
    git_stream stream;
    void *socket; // A retained Swift object.
} skep_git_stream;

// Later versions of libgit2 differ in the constness of `parents`.
static inline int skep_git_commit_create(
    git_oid *id, git_repository *repository, const git_signature *author,
    const git_signature *committer, const char *message, const git_tree *tree,
    size_t parent_count, git_commit *const *parents) {
    return git_commit_create(
        id, repository, NULL, author, committer, "UTF-8", message, tree, parent_count,
        (void *)parents);
}

// Everything written to a descriptor's file system reaches the disk. `syncfs` is not visible to
// Swift, being an extension of glibc.
#include <unistd.h>
#ifdef __linux__
#include <sys/syscall.h>
static inline void skep_git_sync_file_system(int descriptor) { syscall(SYS_syncfs, descriptor); }
#else
static inline void skep_git_sync_file_system(int descriptor) { (void)descriptor; sync(); }
#endif
