// `jsonl`: problems from a file, one row each: {"prompt":"2+2=","answer":"4"} ("question" will do
// for "prompt"; an answer that is not text is kept as its JSON).
//
// Held out are the problems of a second file, or else those of the last tenth of the rows; a
// training row that asks a held-out prompt is dropped. Rows with a "response" (beside their prompt)
// or a "text" (alone) are the corpus. Vocabulary: the characters of the file, and the tags.
#pragma once

#include <memory>

#include "tasks/task.h"

namespace r1zero {

std::unique_ptr<Task> MakeJsonl(const TaskConfig& config);

}  // namespace r1zero
