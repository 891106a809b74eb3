// `countdown`: use each number once, with + - * / and parentheses, to make the target.
//
//   prompt  3 5 8=23:      gold  {"numbers":[3,5,8],"target":23}
//
// Problems are generated, or read from a file of rows {"nums":[3,5,8],"target":23} ("numbers" will
// do as well). Either way a tenth of all sets of numbers are held out.
#pragma once

#include <memory>

#include "tasks/task.h"

namespace r1zero {

std::unique_ptr<Task> MakeCountdown(const TaskConfig& config);

}  // namespace r1zero
