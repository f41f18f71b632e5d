// `result.json` of a task's state folder: how the task ended, with a checksum, because a master is told whatever stands
// there, and the seal of the worker whose host wrote it (ResultSeal), because a task may write there, too.
//
// Free functions; they block on the disk. Written by the process that ends the task: its host, or the requester of a
// dead host.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/request.h"
#include "process/process_info.h"

namespace porpoise {

// The key of a worker by which it knows what its own hosts have written, and its hosts whom to obey: tasks that run as
// the worker's user could write a result, or knock at a host's socket, as well as a host could.
//
// Made by the worker, which keeps it in its data folder for those that come after it, and handed to each of its hosts;
// shared by the threads of the worker, which only read it. A seal is HMAC-SHA256 (RFC 2104). The key lies in a page
// that no fork gets (MADV_WIPEONFORK) and no core shows, so the process that a plugin is loaded into never has it.
class ResultSeal {
 public:
  static constexpr std::size_t kKeyBytes = 32;

  // The key in `file`, or else a new one. `unsealed`: the tasks that are there when it is made, whose hosts are of a
  // version without seals. A file that is damaged, or that another user could have read, is put aside as <file>.broken,
  // and `problem` says so: what was sealed by its key is not known any more.
  struct Opened {
    std::shared_ptr<const ResultSeal> seal;
    std::string problem;
  };
  static Result<Opened> open(const std::filesystem::path& file, const std::set<std::int64_t>& unsealed);

  // A host's end of send_to(): the packet is there when the host begins.
  static Result<std::shared_ptr<const ResultSeal>> receive(int socket);
  // As the first packet. False when it could not be sent.
  bool send_to(int socket) const;

  ResultSeal(const ResultSeal&) = delete;
  ResultSeal& operator=(const ResultSeal&) = delete;
  ~ResultSeal();

  // In hexadecimal digits.
  std::string seal(std::string_view text) const;
  bool fits(std::string_view text, std::string_view seal) const;  // in the same time, whatever is wrong

  // Its host is of a version without seals.
  bool is_exempt(std::int64_t task_instance_id) const { return unsealed_.contains(task_instance_id); }

  // What a requester says first to the host with that cookie (model/host_protocol.h).
  std::string proof_for(const std::string& cookie) const { return seal("requester of " + cookie); }

 private:
  static Result<std::shared_ptr<ResultSeal>> make_empty();
  static Result<std::shared_ptr<ResultSeal>> read(const std::filesystem::path& file);
  explicit ResultSeal(unsigned char* page) : key_(page) {}

  unsigned char* const key_;  // a page of its own
  std::set<std::int64_t> unsealed_;
};

// --- The file ---

// Says in a result which processes of its task SIGKILL did not end.
void add_survivors(TaskResult& result, const std::vector<ProcessInfo>& survivors);

// On disk, and synced, when this returns. `seal`: null where there is no worker.
Status write_result(const std::filesystem::path& state_dir, const TaskResult& result, const ResultSeal* seal);

// Errors: ErrorCode::kNotFound: it has not ended. ErrorCode::kInvalid: the file is damaged, or of a version that this
// one cannot read. ErrorCode::kDenied: it is no result that a host of this worker wrote for this task. One without a
// checksum is taken as it is; with `seal`, one without a seal is not.
Result<TaskResult> read_result(const std::filesystem::path& state_dir, std::int64_t task_instance_id,
                               const ResultSeal* seal);

}  // namespace porpoise
