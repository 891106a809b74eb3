// Where a completion of a word problem says: this is my answer.
#pragma once

#include <string_view>

#include "reward/answer.h"

namespace r1zero {

// What follows the last </think>, or all of the completion if there is none. Fault no_answer if a
// <think> is left open.
AnswerRegion AfterThinking(std::string_view completion);

// The marked answer of such a region: <answer>..</answer> if there is one (exactly one), else the
// last \boxed{..}, else the rest of the line after ####. An answer that is itself boxed or marked
// with #### is unwrapped. Fault: no_answer (nothing is marked, or blanks are), two_answers (a second
// tag; lines marked #### that are not the same), unclosed_answer, answer_in_think.
AnswerRegion MarkedAnswer(std::string_view region);

// The same, and `unmarked` where there is no mark at all; a mark around nothing stays no_answer.
AnswerRegion MarkedAnswerOr(std::string_view region, std::string_view unmarked);

}  // namespace r1zero
