// What the machine has: folders, users, the kernel, plugins, and the files of the configuration.
#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <ctime>
#include <utility>

#include "base/clock.h"
#include "base/descriptor.h"
#include "base/file.h"
#include "base/text.h"
#include "doctor/doctor.h"
#include "launcher/launch_host.h"
#include "plugin/catalog.h"
#include "process/confinement.h"
#include "process/kill_tree.h"
#include "process/process_info.h"
#include "process/spawn.h"
#include "process/user.h"
#include "worker/tenant.h"
#include "worker/worker_environment.h"

namespace porpoise {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMib = 1U << 20U;
constexpr std::uint64_t kLittleMib = 1024;  // a log or two
constexpr std::uint64_t kNothingMib = 64;   // not even the state of the tasks that run
constexpr double kFewInodes = 0.02;         // of all

struct FileSystem {
  unsigned long magic;
  const char* name;
  const char* remark;  // null: fine for state
};
// fuse and network file systems can hang, and some do not lock; what is in memory is gone after a restart.
constexpr FileSystem kFileSystems[] = {
    {EXT4_SUPER_MAGIC, "ext4", nullptr},
    {BTRFS_SUPER_MAGIC, "btrfs", nullptr},
    {0x58465342, "xfs", nullptr},
    {0x2fc12fc1, "zfs", nullptr},
    {OVERLAYFS_SUPER_MAGIC, "overlay", "it goes with its container"},
    {TMPFS_MAGIC, "tmpfs", "it is empty after a restart of the machine"},
    {RAMFS_MAGIC, "ramfs", "it is empty after a restart of the machine"},
    {NFS_SUPER_MAGIC, "nfs", "it can hang, and its locks can be lost"},
    {SMB2_SUPER_MAGIC, "smb", "it can hang, and its locks can be lost"},
    {CIFS_SUPER_MAGIC, "cifs", "it can hang, and its locks can be lost"},
    {FUSE_SUPER_MAGIC, "fuse", "it can hang, and its locks can be lost"},
};

// The folder, or the nearest one above it that is there.
fs::path existing(fs::path folder) {
  std::error_code problem;
  while (!fs::exists(folder, problem) && folder.has_relative_path()) folder = folder.parent_path();
  return folder;
}

// A file made and removed again says more than modes do: of access lists, quotas, and what is mounted read-only.
Status try_to_write(const fs::path& folder) {
  std::string name = (folder / ".porpoise-doctor-XXXXXX").string();
  const UniqueFd file(::mkostemp(name.data(), O_CLOEXEC));
  if (!file) return fail_errno("cannot make a file in " + folder.string(), errno);
  Status written = ::write(file.get(), "porpoise\n", 9) == 9 && ::fsync(file.get()) == 0
                       ? Status()
                       : Status(fail_errno("cannot write to a file in " + folder.string(), errno));
  ::unlink(name.c_str());
  return written;
}

std::string percent(double part) { return std::to_string(static_cast<int>(part * 100)) + " %"; }

Finding judge_space(const std::string& area, const std::string& key, const fs::path& folder, const struct statvfs& fs) {
  const std::uint64_t free_mib = std::uint64_t{fs.f_bavail} * fs.f_frsize / kMib;
  const bool has_inodes = fs.f_files > 0;  // some file systems have no such number
  const double inodes = has_inodes ? static_cast<double>(fs.f_favail) / static_cast<double>(fs.f_files) : 1;
  const std::string text =
      std::to_string(free_mib) + " MiB free" + (has_inodes ? ", " + percent(inodes) + " of its inodes free" : "");
  const std::string mend =
      "make room on the file system of " + folder.string() + ", or choose another with the key '" + key + "'";
  if (free_mib < kNothingMib || (has_inodes && fs.f_favail == 0))
    return {Verdict::kFault, area, "is full: " + text, mend};
  if (free_mib < kLittleMib || inodes < kFewInodes) return {Verdict::kWarning, area, "is nearly full: " + text, mend};
  return {Verdict::kOk, area, text};
}

Finding judge_file_system(const std::string& area, const std::string& key, const fs::path& folder) {
  struct statfs found {};
  if (::statfs(folder.c_str(), &found) != 0)
    return {Verdict::kOk, area, "on a file system that says nothing of itself"};
  const auto* const known = std::find_if(std::begin(kFileSystems), std::end(kFileSystems), [&](const FileSystem& one) {
    return one.magic == static_cast<unsigned long>(found.f_type);
  });
  char number[32];
  std::snprintf(number, sizeof number, "0x%lx", static_cast<unsigned long>(found.f_type));
  const bool is_known = known != std::end(kFileSystems);
  const std::string text =
      "on " + (is_known ? std::string(known->name) : "a file system of type " + std::string(number));
  if (!is_known || known->remark == nullptr) return {Verdict::kOk, area, text};
  return {Verdict::kWarning, area, text + ": " + known->remark,
          "choose a folder on a local disk with the key '" + key + "'"};
}

// Who else may write there: by mode, or by an access list, which modes do not show.
Findings judge_access(const std::string& area, const fs::path& folder) {
  struct stat found {};
  if (::stat(folder.c_str(), &found) != 0) return {};
  if ((found.st_mode & S_IWOTH) != 0 && (found.st_mode & S_ISVTX) == 0)
    return {{Verdict::kWarning, area, "every user of the machine may write in " + folder.string(),
             "chmod o-w " + folder.string()}};
  for (const char* const list : {"system.posix_acl_access", "system.posix_acl_default"})
    if (::getxattr(folder.c_str(), list, nullptr, 0) > 0)
      return {{Verdict::kWarning, area, folder.string() + " has an access list, which says more than its mode",
               "see getfacl " + folder.string() + "; setfacl -b removes it"}};
  return {};
}

struct Ran {
  int status = 0;
  std::string output;  // of both
};

// Runs a program of the system to its end; kTimeout: it was ended.
Result<Ran> run_program(const std::vector<std::string>& argv, std::chrono::milliseconds limit) {
  constexpr std::size_t kMaxOutput = 4096;
  PORPOISE_TRY(Pipe pipe, make_pipe());
  const UniqueFd nothing(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  SpawnSpec spec;
  spec.argv = argv;
  spec.fds = {nothing.get(), pipe.writer.get(), pipe.writer.get()};
  spec.own_group = true;
  PORPOISE_TRY(const pid_t pid, spawn(spec));
  pipe.writer.reset();
  const auto end = std::chrono::steady_clock::now() + limit;
  const UniqueFd process = open_pidfd(pid);
  Ran ran;
  bool in_time = false;
  while (!in_time) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    pollfd ready[] = {{process.get(), POLLIN, 0}, {pipe.reader.get(), POLLIN, 0}};
    if (left.count() <= 0 || ::poll(ready, 2, static_cast<int>(left.count())) <= 0) break;
    char buffer[512];
    if ((ready[1].revents & POLLIN) != 0) {
      const ssize_t count = ::read(pipe.reader.get(), buffer, sizeof buffer);
      if (count > 0 && ran.output.size() < kMaxOutput) ran.output.append(buffer, static_cast<std::size_t>(count));
    } else {
      in_time = (ready[0].revents & POLLIN) != 0;
    }
  }
  if (!in_time) ::kill(-pid, SIGKILL);
  ::waitpid(pid, &ran.status, 0);
  if (!in_time) return fail(ErrorCode::kTimeout, argv[0] + " has not ended within " + in_seconds(limit));
  return ran;
}

std::string first_line(const std::string& text) { return std::string(trimmed(text.substr(0, text.find('\n')))); }

// Whether tasks of the tenant can be started: its user is there, and may be become.
Finding check_tenant(const std::string& tenant, const WorkerConfig& config, const DoctorLimits& limits) {
  const auto user = resolve_tenant(tenant, config);
  if (!user)
    return {Verdict::kFault, "tenants", user.error().to_string(),
            "make the user (useradd), or mend the keys 'tenant-map' and 'allow-root-tenant'"};
  const std::string who = "tenant " + tenant + " is user " + (user->empty() ? user_name(::geteuid()) : *user);
  if (user->empty() || ::geteuid() == 0) return {Verdict::kOk, "tenants", who};
  const auto command = SudoUser(*user, "").command({"true"});
  const auto ran = command ? run_program(*command, limits.program) : Result<Ran>(fail(command.error()));
  if (ran && ran->status == 0) return {Verdict::kOk, "tenants", who + ", by sudo"};
  return {Verdict::kFault, "tenants",
          who + ", but sudo does not work: " + (ran ? first_line(ran->output) : ran.error().to_string()),
          "let " + user_name(::geteuid()) + " run any command as " + *user +
              " without a password (/etc/sudoers.d), or start the worker as root"};
}

const char* kernel_since(bool works) { return works ? "there" : "missing"; }

}  // namespace

Findings check_folder(const std::string& area, const std::string& key, const fs::path& configured) {
  const fs::path wanted = fs::absolute(configured);
  const fs::path folder = existing(wanted);
  const bool is_there = folder == wanted;
  const std::string user = user_name(::geteuid());
  if (const Status written = try_to_write(folder); !written)
    return {{Verdict::kFault, area, written.error().to_string(),
             "let user " + user + " write there, or choose another folder with the key '" + key + "'"}};
  Findings findings{
      {Verdict::kOk, area, wanted.string() + (is_there ? " can be written" : " can be made, in " + folder.string())}};
  struct statvfs room {};
  if (::statvfs(folder.c_str(), &room) == 0) findings.push_back(judge_space(area, key, folder, room));
  findings.push_back(judge_file_system(area, key, folder));
  if (is_there)
    for (Finding& finding : judge_access(area, folder)) findings.push_back(std::move(finding));
  return findings;
}

Findings check_tenants(const Patient& patient, const DoctorLimits& limits) {
  const WorkerConfig& config = patient.settings.config;
  Findings findings;
  if (const Status possible = check_tenants_possible(config); !possible)
    findings.push_back({Verdict::kFault, "tenants", possible.error().to_string(), "see the message"});
  if (const auto map = TenantMap::parse(config.tenant_map))
    for (const auto& [tenant, user] : map->users()) findings.push_back(check_tenant(tenant, config, limits));
  if (config.tenant_map.empty())
    findings.push_back({Verdict::kOk, "tenants", "each tenant is the user of its name: the key 'tenant-map' is empty"});
  for (const std::string& gap : gaps_between_tasks(config))
    findings.push_back(
        {Verdict::kWarning, "tenants", gap, "start the worker as root, with users of their own for tenants"});
  return findings;
}

Findings check_kernel() {
  const bool pidfd = static_cast<bool>(open_pidfd(::getpid()));
  // An invalid call: EINVAL where the kernel knows it, ENOSYS or EPERM where it, or a container's filter, does not.
  const bool openat2 = ::syscall(SYS_openat2, AT_FDCWD, "/", nullptr, 0) >= 0 || errno == EINVAL || errno == EFAULT;
  const ConfinementLevel level = confinement_level();
  Findings findings;
  if (!pidfd)
    findings.push_back({Verdict::kFault, "kernel", "pidfd_open is missing: no task can be followed",
                        "Linux 5.3 or later, and a container whose seccomp filter lets it through"});
  findings.push_back({Verdict::kOk, "kernel",
                      std::string("pidfd ") + kernel_since(pidfd) + ", openat2 " + kernel_since(openat2) +
                          ", Landlock " + kernel_since(level.files)});
  if (!openat2)
    findings.push_back({Verdict::kWarning, "kernel",
                        "openat2 is missing: paths are walked part by part, which takes longer", "Linux 5.6 or later"});
  const auto cgroup = Cgroup::make("porpoise-doctor-" + std::to_string(::getpid()));
  if (cgroup)
    findings.push_back({Verdict::kOk, "cgroup", "delegated: each task gets one of its own"});
  else
    findings.push_back({Verdict::kWarning, "cgroup",
                        "not delegated to this process: what a task leaves behind is ended by signals alone",
                        "under systemd set Delegate=yes in the unit, and look from there: systemd-run -p Delegate=yes "
                        "--pty porpoise doctor"});
  return findings;
}

Findings check_plugins(const Patient& patient) {
  const Catalog catalog = Catalog::scan(patient.plugin_folders);
  Findings findings;
  std::vector<std::string> types;
  for (const CatalogEntry& entry : catalog.types()) types.push_back(entry.type.id);
  if (types.empty())
    findings.push_back({Verdict::kFault, "plugins", "there is none: each task would fail",
                        "set the key 'plugin-dir' or PORPOISE_PLUGIN_PATH; see porpoise plugins list"});
  else
    findings.push_back({Verdict::kOk, "plugins", joined(types, ", ")});
  for (const CatalogProblem& problem : catalog.problems())
    if (problem.kind == CatalogProblem::Kind::kRefused)
      findings.push_back({Verdict::kWarning, "plugins", problem.file.string() + " is refused: " + problem.reason,
                          "mend it, or remove the file"});
  for (const std::string& mistake : catalog.mistakes_in(patient.settings.config.plugins))
    findings.push_back(
        {Verdict::kWarning, "plugins", "without effect: " + mistake, "mend the section in porpoise.yaml"});
  return findings;
}

Findings check_configuration(const Patient& patient) {
  Findings findings;
  std::vector<std::string> files;
  for (const fs::path& file : patient.settings.files) files.push_back(file.string());
  findings.push_back({Verdict::kOk, "configuration",
                      files.empty() ? "no file: defaults, environment and flags" : joined(files, ", ")});
  const FileTrust trust = judge_files(patient.settings);
  for (const std::string& text : trust.distrusted)
    findings.push_back({Verdict::kFault, "configuration", text, "see the message"});
  for (const std::string& text : trust.exposed)
    findings.push_back({Verdict::kWarning, "configuration", text, "chmod o-r the file"});
  for (const std::string& text : patient.settings.ignored)
    findings.push_back({Verdict::kWarning, "configuration", "without effect: " + text, "remove the key"});
  return findings;
}

Findings check_env_file(const fs::path& file, const DoctorLimits& limits) {
  if (file.empty())
    return {{Verdict::kOk, "env-file", "none: a task without an environment of its own sources /etc/profile"}};
  const std::string mend = "mend the file, or the key 'env-file'";
  const UniqueFd readable(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!readable)
    return {{Verdict::kFault, "env-file", errno_error("cannot read " + file.string(), errno).to_string(), mend}};
  const auto ran = run_program({"/bin/bash", "-n", file.string()}, limits.program);
  if (!ran) return {{Verdict::kFault, "env-file", ran.error().to_string(), mend}};
  if (ran->status != 0) return {{Verdict::kFault, "env-file", "bash cannot read it: " + first_line(ran->output), mend}};
  return {{Verdict::kOk, "env-file", file.string()}};
}

Findings check_time_zone(const std::string& zone) {
  if (const Status known = use_time_zone(zone); !known)
    return {{Verdict::kFault, "time zone", known.error().to_string(),
             "set the key 'time-zone' to that of the masters (spring.jackson.time-zone)"}};
  const auto offset = system_time_zone().utc_offset(wall_ms() / 1000).count() / 60;
  char text[64];
  std::snprintf(text, sizeof text, "UTC%c%02d:%02d", offset < 0 ? '-' : '+', static_cast<int>(std::abs(offset) / 60),
                static_cast<int>(std::abs(offset) % 60));
  const std::string now = (zone.empty() ? "this machine's, " : zone + ", ") + std::string(text);
  return {
      {Verdict::kOk, "time zone", now + "; dates of dispatches are read so, as masters of the same zone write them"}};
}

Finding judge_clock(const std::string& whose, std::int64_t diff_ms) {
  constexpr std::int64_t kQuarterMs = 15 * 60 * 1000;
  constexpr std::int64_t kNearMs = 2 * 60 * 1000;  // a heartbeat may be that old
  constexpr std::int64_t kFineMs = 60 * 1000;      // several heartbeats
  constexpr std::int64_t kAheadMs = -2000;         // nothing comes from the future
  const std::int64_t distance = std::abs(diff_ms);
  const std::string seconds = in_seconds(std::chrono::milliseconds(distance / 1000 * 1000));
  const std::string way = seconds + (diff_ms > 0 ? " behind" : " ahead of") + " this machine's clock";
  const std::int64_t rest = distance % kQuarterMs;
  if (distance >= kQuarterMs - kNearMs && std::min(rest, kQuarterMs - rest) <= kNearMs)
    return {Verdict::kFault, "clock", whose + " is " + way + ": that looks like a time zone",
            "set both clocks by NTP (timedatectl): one of them runs in local time, as if that were UTC"};
  if (diff_ms > kFineMs || diff_ms < kAheadMs)
    return {Verdict::kWarning, "clock", whose + " is " + way,
            "set both clocks by NTP (timedatectl); or it has hung since then"};
  return {Verdict::kOk, "clock", whose + " agrees with this machine's clock"};
}

}  // namespace porpoise
