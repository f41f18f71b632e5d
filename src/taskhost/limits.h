// The limits of a task host, each with its reason.
#pragma once

#include <chrono>
#include <cstddef>

#include "taskdir/task_log.h"

namespace porpoise {

// One OUT parameter with its name: as much as a line of output that sets one may have.
inline constexpr std::size_t kMaxVariableBytes = kMaxSetValueBytes;

// What a task hands on, with what was handed to it, as it travels to its master: a text of JSON within a text of JSON.
// A connection takes 64 MiB at once, and result.json and the next task's request as much.
inline constexpr std::size_t kMaxHandedOnBytes = 48U << 20U;

// The texts of a packet between runner and supervisor: what Linux lets a socket send at once by default, with room to
// spare. A larger parameter comes in several.
inline constexpr std::size_t kMaxPacketTextBytes = 128U << 10U;

// An alert. Much of it is a table that people read; a title is one line of a mail.
inline constexpr std::size_t kMaxAlertTitleBytes = 1000;
inline constexpr std::size_t kMaxAlertContentBytes = kMaxPacketTextBytes;

// With the header.
inline constexpr std::size_t kMaxPacketBytes = kMaxPacketTextBytes + (32U << 10U);

// Why a task is to end, as its plugin is told.
inline constexpr std::size_t kMaxCancelTextBytes = 4096;

// A packet from the supervisor, header included: a cancel with its text.
inline constexpr std::size_t kMaxOrderPacketBytes = kMaxCancelTextBytes + 256;

// All app ids of a task together; a plugin that adds more than that has lost its way.
inline constexpr std::size_t kMaxAppIdsBytes = 64U << 10U;

// request.json; the script of a task is a part of it, and masters cap theirs far below.
inline constexpr std::size_t kMaxRequestBytes = 64U << 20U;

// At most five last lines per second for a requester that follows.
inline constexpr std::chrono::milliseconds kFollowInterval{200};

// How often the memory of the plugin's process is looked at.
inline constexpr std::chrono::milliseconds kMemoryInterval{100};

// The longest grace where nobody waits for an orderly end: for what a finished task leaves behind, and when the
// requester is gone.
inline constexpr std::chrono::milliseconds kUnattendedGrace{2000};

// A process that lives on after so long of SIGKILL hangs in the kernel; waiting longer would only hide it.
inline constexpr std::chrono::milliseconds kKillLimit{15000};

// Between two rounds of SIGKILL.
inline constexpr std::chrono::milliseconds kKillPause{2};

// How long a host that removes folders says that it lives; a file system that takes longer is taken for dead.
inline constexpr std::chrono::minutes kBusyLimit{10};

// How often a host looks at the lease of its worker: a timer does not count while the machine is suspended.
inline constexpr std::chrono::milliseconds kLeaseLook{5000};

// A requester that does not read for so long does not get the result told: it is on disk.
inline constexpr std::chrono::milliseconds kTellLimit{2000};

}  // namespace porpoise
