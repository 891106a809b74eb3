// `signs`: a mini-Countdown. Put + or - between four digits, kept in order, to make the target.
//
//   prompt  6 6 8 8=16:      gold  {"numbers":[6,6,8,8],"target":16}
#pragma once

#include <memory>

#include "tasks/task.h"

namespace r1zero {

// Error if `config` sets what this task does not have, or asks for more held-out problems than
// exist.
std::unique_ptr<Task> MakeSigns(const TaskConfig& config);

}  // namespace r1zero
