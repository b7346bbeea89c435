// LD_PRELOAD: counts the heap allocations of a process in the file $MALLOC_COUNT/PID, which anybody may read meanwhile.
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

extern void* __libc_malloc(size_t);
extern void* __libc_calloc(size_t, size_t);
extern void* __libc_realloc(void*, size_t);
extern void* __libc_memalign(size_t, size_t);

static long before_start;
static long* count = &before_start;

__attribute__((constructor)) static void open_file(void) {
    char path[4096];
    const char* folder = getenv("MALLOC_COUNT");
    if (!folder) return;
    snprintf(path, sizeof path, "%s/%d", folder, (int)getpid());
    int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0 || ftruncate(file, sizeof(long)) != 0) return;
    void* shared = mmap(NULL, sizeof(long), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    if (shared != MAP_FAILED) count = shared;
}

static void add(void) {
    __atomic_fetch_add(count, 1, __ATOMIC_RELAXED);
}

void* malloc(size_t size) {
    add();
    return __libc_malloc(size);
}
void* calloc(size_t n, size_t size) {
    add();
    return __libc_calloc(n, size);
}
void* realloc(void* old, size_t size) {
    add();
    return __libc_realloc(old, size);
}
void* memalign(size_t alignment, size_t size) {
    add();
    return __libc_memalign(alignment, size);
}
void* aligned_alloc(size_t alignment, size_t size) {
    add();
    return __libc_memalign(alignment, size);
}
int posix_memalign(void** result, size_t alignment, size_t size) {
    add();
    *result = __libc_memalign(alignment, size);
    return *result ? 0 : ENOMEM;
}
