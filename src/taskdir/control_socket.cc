#include "taskdir/control_socket.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <string>
#include <utility>

#include "model/host_protocol.h"

namespace porpoise {
namespace {

// By way of an open folder: an address has room for 107 bytes, and a state folder may be deeper than that.
struct FolderAddress {
  UniqueFd folder;
  sockaddr_un address{};
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&address); }
};

Result<FolderAddress> address_in(const std::filesystem::path& state_dir) {
  FolderAddress made;
  made.folder.reset(::open(state_dir.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!made.folder) return fail_errno("cannot open " + state_dir.string(), errno);
  made.address.sun_family = AF_UNIX;
  std::snprintf(made.address.sun_path, sizeof made.address.sun_path, "/proc/self/fd/%d/%s", made.folder.get(),
                kControlFile);
  return made;
}

UniqueFd make_socket() { return UniqueFd(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)); }

// Nobody, when the kernel does not say.
ucred peer_of(int socket) {
  ucred peer{0, static_cast<uid_t>(-1), static_cast<gid_t>(-1)};
  socklen_t size = sizeof peer;
  ::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size);
  return peer;
}

bool may_ask(int requester) {
  const uid_t user = peer_of(requester).uid;
  return user == 0 || user == ::geteuid();
}

}  // namespace

Result<UniqueFd> listen_for_requesters(const std::filesystem::path& state_dir) {
  PORPOISE_TRY(const FolderAddress at, address_in(state_dir));
  ::unlinkat(at.folder.get(), kControlFile, 0);
  UniqueFd listener = make_socket();
  constexpr int kWaiting = 4;
  if (!listener || ::bind(listener.get(), at.get(), sizeof at.address) != 0 || ::listen(listener.get(), kWaiting) != 0)
    return fail_errno("cannot make the socket " + (state_dir / kControlFile).string(), errno);
  return listener;
}

UniqueFd accept_requester(int listener) {
  UniqueFd requester(::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  return requester && may_ask(requester.get()) ? std::move(requester) : UniqueFd();
}

Result<HostLink> connect_to_host(const std::filesystem::path& state_dir) {
  PORPOISE_TRY(const FolderAddress at, address_in(state_dir));
  UniqueFd link = make_socket();
  if (!link || ::connect(link.get(), at.get(), sizeof at.address) != 0)
    return fail_errno("cannot reach the task host by " + (state_dir / kControlFile).string(), errno);
  const pid_t host = peer_of(link.get()).pid;
  return HostLink{std::move(link), host};
}

}  // namespace porpoise
