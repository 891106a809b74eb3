// `word_sums`: sums of two digits told in words, for a policy that can read.
//
//   prompt  Tom has 6 apples and buys 9 more. How many apples does Tom have now?      gold 15
//
// task.style, task.system and task.prompt_template make the prompt of the question, as in `data`.
#pragma once

#include <memory>

#include "tasks/task.h"

namespace r1zero {

// Error if `config` sets what this task does not have.
std::unique_ptr<Task> MakeWordSums(const TaskConfig& config, const PromptReader& reader);

}  // namespace r1zero
