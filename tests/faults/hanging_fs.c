// A file system that hangs: it shows the folder BEHIND at MOUNTPOINT, and answers nothing while the file HANG exists, as
// a network's file system whose server is gone. Foreground; SIGKILL ends it, and every call that hangs with an error.
//
//   hanging_fs BEHIND HANG MOUNTPOINT
#define FUSE_USE_VERSION 31
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fuse.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

static const char *behind;
static const char *hang;

// Where `path` is really, once it may be known.
static const char *real(const char *path, char *place) {
  const struct timespec pause = {0, 20 * 1000 * 1000};
  while (access(hang, F_OK) == 0) nanosleep(&pause, NULL);
  snprintf(place, PATH_MAX, "%s%s", behind, path);
  return place;
}
#define REAL(path) real(path, (char[PATH_MAX]){0})
#define DONE(call) return (call) < 0 ? -errno : 0

static int fs_getattr(const char *path, struct stat *info, struct fuse_file_info *file) {
  (void)file;
  DONE(lstat(REAL(path), info));
}
static int fs_readdir(const char *path, void *buffer, fuse_fill_dir_t fill, off_t offset, struct fuse_file_info *file,
                      enum fuse_readdir_flags flags) {
  (void)offset, (void)file, (void)flags;
  DIR *folder = opendir(REAL(path));
  if (!folder) return -errno;
  for (struct dirent *one; (one = readdir(folder));) fill(buffer, one->d_name, NULL, 0, 0);
  closedir(folder);
  return 0;
}
static int fs_mkdir(const char *path, mode_t mode) { DONE(mkdir(REAL(path), mode)); }
static int fs_unlink(const char *path) { DONE(unlink(REAL(path))); }
static int fs_rmdir(const char *path) { DONE(rmdir(REAL(path))); }
static int fs_rename(const char *from, const char *to, unsigned flags) {
  if (flags) return -EINVAL;
  DONE(rename(REAL(from), REAL(to)));
}
static int fs_chmod(const char *path, mode_t mode, struct fuse_file_info *file) {
  (void)file;
  DONE(chmod(REAL(path), mode));
}
static int fs_chown(const char *path, uid_t user, gid_t group, struct fuse_file_info *file) {
  (void)file;
  DONE(lchown(REAL(path), user, group));
}
static int fs_truncate(const char *path, off_t size, struct fuse_file_info *file) {
  (void)file;
  DONE(truncate(REAL(path), size));
}
static int fs_utimens(const char *path, const struct timespec times[2], struct fuse_file_info *file) {
  (void)file;
  DONE(utimensat(AT_FDCWD, REAL(path), times, AT_SYMLINK_NOFOLLOW));
}
static int open_file(const char *path, struct fuse_file_info *file, int flags, mode_t mode) {
  const int descriptor = open(REAL(path), flags & ~O_APPEND, mode);  // the kernel says where to write
  if (descriptor < 0) return -errno;
  file->fh = (uint64_t)descriptor;
  return 0;
}
static int fs_open(const char *path, struct fuse_file_info *file) { return open_file(path, file, file->flags, 0); }
static int fs_create(const char *path, mode_t mode, struct fuse_file_info *file) {
  return open_file(path, file, file->flags | O_CREAT, mode);
}
static int fs_read(const char *path, char *buffer, size_t size, off_t offset, struct fuse_file_info *file) {
  (void)REAL(path);
  const ssize_t count = pread((int)file->fh, buffer, size, offset);
  return count < 0 ? -errno : (int)count;
}
static int fs_write(const char *path, const char *buffer, size_t size, off_t offset, struct fuse_file_info *file) {
  (void)REAL(path);
  const ssize_t count = pwrite((int)file->fh, buffer, size, offset);
  return count < 0 ? -errno : (int)count;
}
static int fs_fsync(const char *path, int data_only, struct fuse_file_info *file) {
  (void)data_only, (void)REAL(path);
  DONE(fsync((int)file->fh));
}
static int fs_release(const char *path, struct fuse_file_info *file) {
  (void)path;
  close((int)file->fh);
  return 0;
}
static int fs_statfs(const char *path, struct statvfs *info) { DONE(statvfs(REAL(path), info)); }

static void *fs_init(struct fuse_conn_info *connection, struct fuse_config *config) {
  (void)connection;
  config->entry_timeout = config->attr_timeout = config->negative_timeout = 0;  // the kernel asks each time
  config->hard_remove = 1;
  return NULL;
}

int main(int count, char **words) {
  if (count != 4) return 2;
  behind = words[1];
  hang = words[2];
  const struct fuse_operations operations = {
      .init = fs_init,       .getattr = fs_getattr, .readdir = fs_readdir,   .mkdir = fs_mkdir,     .unlink = fs_unlink,
      .rmdir = fs_rmdir,     .rename = fs_rename,   .chmod = fs_chmod,       .chown = fs_chown,     .truncate = fs_truncate,
      .utimens = fs_utimens, .open = fs_open,       .create = fs_create,     .read = fs_read,       .write = fs_write,
      .fsync = fs_fsync,     .release = fs_release, .statfs = fs_statfs,
  };
  char *arguments[] = {words[0], "-f", "-o", "allow_other,default_permissions", words[3], NULL};
  return fuse_main(5, arguments, &operations, NULL);
}
