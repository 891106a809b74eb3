// `data`: problems from files as people publish them (docs/data.md).
#pragma once

#include <memory>

#include "tasks/task.h"

namespace r1zero {

// Reads every file once. Error names the key, or file, line and column.
std::unique_ptr<Task> MakeData(const TaskConfig& config, const PromptReader& reader);

}  // namespace r1zero
