#include "process/socket_owner.h"

#include <dirent.h>
#include <linux/close_range.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <functional>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>

#include "base/descriptor.h"
#include "base/signals.h"
#include "process/process_info.h"

namespace porpoise {
namespace {

constexpr std::size_t kMappedAt = 12;  // of the IPv4 address in ::ffff:a.b.c.d
constexpr timeval kPatience{2, 0};     // the kernel answers at once

bool is_mapped(const IpBytes& address) {
  return std::all_of(address.begin(), address.begin() + 10, [](std::uint8_t byte) { return byte == 0; }) &&
         address[10] == 0xFF && address[11] == 0xFF;
}

void put(__be32 (&to)[4], const IpBytes& address, bool as_ipv4) {
  std::memset(to, 0, sizeof to);
  if (as_ipv4)
    std::memcpy(to, address.data() + kMappedAt, 4);
  else
    std::memcpy(to, address.data(), address.size());
}

IpBytes bytes_of(const inet_diag_msg& found) {
  IpBytes address{};
  if (found.idiag_family == AF_INET6) {
    std::memcpy(address.data(), found.id.idiag_src, address.size());
    return address;
  }
  address[10] = address[11] = 0xFF;
  std::memcpy(address.data() + kMappedAt, found.id.idiag_src, 4);
  return address;
}

bool is_any(const IpBytes& address) {
  const std::size_t begin = is_mapped(address) ? kMappedAt : 0;
  return std::all_of(address.begin() + static_cast<std::ptrdiff_t>(begin), address.end(),
                     [](std::uint8_t byte) { return byte == 0; });
}

struct Question {
  nlmsghdr head{};
  inet_diag_req_v2 body{};
};

tl::unexpected<Error> not_told(int reason) { return fail(error_of_socket_diag(reason)); }

Result<UniqueFd> ask(Question& question) {
  question.head.nlmsg_len = sizeof question;
  question.head.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  question.head.nlmsg_flags |= NLM_F_REQUEST;
  question.body.sdiag_protocol = IPPROTO_TCP;
  question.body.id.idiag_cookie[0] = question.body.id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
  UniqueFd fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
  if (!fd) return not_told(errno);
  ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof kPatience);
  if (::send(fd.get(), &question, sizeof question, 0) < 0) return not_told(errno);
  return fd;
}

// NLMSG_DATA: what stands behind the head of a message.
template <typename T>
const T& content(const nlmsghdr& head) {
  static_assert(sizeof head % NLMSG_ALIGNTO == 0);
  return *reinterpret_cast<const T*>(&head + 1);
}

// Calls `take` with each answer until it gives false, or there are no more. Nothing: the kernel said ENOENT.
Result<bool> read_answers(const UniqueFd& fd, const std::function<bool(const inet_diag_msg&)>& take) {
  alignas(nlmsghdr) std::array<char, 32U << 10U> buffer{};
  while (true) {
    const ssize_t count = ::recv(fd.get(), buffer.data(), buffer.size(), 0);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return not_told(count == 0 ? EPIPE : errno);
    auto left = static_cast<unsigned>(count);
    for (auto* head = reinterpret_cast<nlmsghdr*>(buffer.data()); NLMSG_OK(head, left); head = NLMSG_NEXT(head, left)) {
      if (head->nlmsg_type == NLMSG_DONE) return true;
      if (head->nlmsg_type == NLMSG_ERROR) {
        const int reason = -content<nlmsgerr>(*head).error;
        if (reason == ENOENT) return false;
        return not_told(reason);
      }
      if (head->nlmsg_type == SOCK_DIAG_BY_FAMILY && !take(content<inet_diag_msg>(*head))) return true;
    }
  }
}

}  // namespace

Error error_of_socket_diag(int reason) {
  constexpr std::array kBlind = {EPROTONOSUPPORT, ESOCKTNOSUPPORT, EAFNOSUPPORT, EOPNOTSUPP,  ENOSYS,
                                 EPERM,           EACCES,          EINVAL,       ECONNREFUSED};
  if (std::find(kBlind.begin(), kBlind.end(), reason) == kBlind.end())
    return errno_error("cannot ask the kernel who holds a socket", reason);
  return {ErrorCode::kUnavailable, errno_error("the kernel does not tell who holds a socket", reason).message()};
}

Result<std::optional<SocketOwner>> socket_owner(const SocketEnd& own, const SocketEnd& other) {
  const bool as_ipv4 = is_mapped(own.address) && is_mapped(other.address);
  Question question;
  question.body.sdiag_family = as_ipv4 ? AF_INET : AF_INET6;
  question.body.idiag_states = ~0U;
  put(question.body.id.idiag_src, own.address, as_ipv4);
  put(question.body.id.idiag_dst, other.address, as_ipv4);
  question.body.id.idiag_sport = htons(own.port);
  question.body.id.idiag_dport = htons(other.port);
  PORPOISE_TRY(const UniqueFd fd, ask(question));
  std::optional<SocketOwner> owner;
  PORPOISE_TRY_VOID(read_answers(fd, [&](const inet_diag_msg& found) {
    // Where no socket is connected so, the kernel gives one that listens on the port.
    if (found.idiag_state == TCP_LISTEN || found.id.idiag_dport != question.body.id.idiag_dport) return false;
    // One that waits for its last segments belongs to nobody any more, which would read as root.
    owner = SocketOwner{found.idiag_uid, found.idiag_state == TCP_TIME_WAIT ? 0 : found.idiag_inode};
    return false;
  }));
  return owner;
}

Result<std::vector<SocketOwner>> listener_owners(const SocketEnd& end) {
  std::vector<SocketOwner> owners;
  for (const std::uint8_t family : {std::uint8_t{AF_INET}, std::uint8_t{AF_INET6}}) {
    Question question;
    question.head.nlmsg_flags = NLM_F_DUMP;
    question.body.sdiag_family = family;
    question.body.idiag_states = 1U << TCP_LISTEN;
    question.body.id.idiag_sport = htons(end.port);
    PORPOISE_TRY(const UniqueFd fd, ask(question));
    PORPOISE_TRY_VOID(read_answers(fd, [&](const inet_diag_msg& found) {
      const IpBytes at = bytes_of(found);
      if (found.id.idiag_sport == htons(end.port) && (at == end.address || is_any(at)))
        owners.push_back({found.idiag_uid, found.idiag_inode});
      return true;
    }));
  }
  return owners;
}

namespace {

bool is_lack(int reason) { return reason == EMFILE || reason == ENFILE || reason == ENOMEM; }

// True when `found` is true for an entry; what may not be read, or is gone, has none.
Result<bool> any_entry(const std::string& path,
                       const std::function<Result<bool>(int folder, const char* name)>& found) {
  const auto folder = open_folder(path);
  if (!folder && is_lack(errno)) return fail_errno("cannot look into " + path, errno);
  if (!folder) return false;
  while (const dirent* const entry = ::readdir(folder.get())) {
    if (entry->d_name[0] == '.') continue;
    PORPOISE_TRY(const bool is_it, found(::dirfd(folder.get()), entry->d_name));
    if (is_it) return true;
  }
  return false;
}

// Threads may have descriptors of their own (unshare(CLONE_FILES)).
Result<bool> holds(pid_t pid, const std::string& socket) {
  const std::string tasks = "/proc/" + std::to_string(pid) + "/task";
  return any_entry(tasks, [&](int, const char* thread) {
    return any_entry(tasks + "/" + thread + "/fd", [&](int folder, const char* name) -> Result<bool> {
      std::array<char, 64> target{};
      const ssize_t length = ::readlinkat(folder, name, target.data(), target.size());
      return length > 0 && std::string_view(target.data(), static_cast<std::size_t>(length)) == socket;
    });
  });
}

// Real, effective, saved and of files. The owner of the folder in /proc is root's for a process that is not dumpable.
void add_users(pid_t pid, std::set<uid_t>& users) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(status, line);) {
    if (!line.starts_with("Uid:")) continue;
    std::istringstream numbers(line.substr(4));
    for (uid_t uid = 0; numbers >> uid;) users.insert(uid);
    return;
  }
}

std::string name_of_socket(std::uint32_t inode) { return "socket:[" + std::to_string(inode) + "]"; }

}  // namespace

Result<ProcessTrees> trees_of(const std::vector<pid_t>& roots) {
  const std::vector<ProcessInfo> all = list_processes();
  if (std::none_of(all.begin(), all.end(), [](const ProcessInfo& one) { return one.pid == ::getpid(); }))
    return fail(ErrorCode::kIo, "cannot list the processes in /proc");
  ProcessTrees trees;
  const auto add = [&](pid_t pid) {
    trees.pids.insert(pid);
    for (const ProcessInfo& below : descendants(all, pid)) trees.pids.insert(below.pid);
  };
  for (const pid_t root : roots) {
    add(root);
    for (const ProcessInfo& one : all)
      if (one.session == root) add(one.pid);
  }
  for (const pid_t pid : trees.pids) add_users(pid, trees.users);
  return trees;
}

Result<bool> is_held_by(std::uint32_t socket_inode, const std::set<pid_t>& pids) {
  const std::string socket = name_of_socket(socket_inode);
  for (const pid_t pid : pids) {
    PORPOISE_TRY(const bool held, holds(pid, socket));
    if (held) return true;
  }
  return false;
}

Result<bool> is_held_outside(std::uint32_t socket_inode, const std::set<pid_t>& pids) {
  const std::string socket = name_of_socket(socket_inode);
  return any_entry("/proc", [&](int, const char* name) -> Result<bool> {
    pid_t pid = 0;
    const std::string_view text = name;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), pid);
    if (problem != std::errc() || end != text.data() + text.size() || pids.contains(pid)) return false;
    return holds(pid, socket);
  });
}

bool run_with_free_descriptors(const std::function<void()>& work) {
  bool has_own_table = false;
  try {
    const BlockedSignals blocked;
    std::thread apart([&] {
      // Of a table that is only this thread's. Record locks belong to the table of the process: they stay.
      has_own_table = ::close_range(3, ~0U, CLOSE_RANGE_UNSHARE) == 0;
      if (has_own_table) work();
    });
    apart.join();
  } catch (const std::system_error&) {  // no thread is to be had
  }
  return has_own_table;
}

}  // namespace porpoise
