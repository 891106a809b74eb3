// report.html: one self-contained page (no script or style from elsewhere) with the curves, the
// before and after completions side by side, and the groups of the last step with rewards and
// advantages.
#pragma once

#include <filesystem>
#include <string>

#include "grpo/run_folder.h"

namespace r1zero {

// Reads metrics.jsonl, summary.json, samples.jsonl and groups.jsonl of the folder; what is not
// there yet is left out of the page.
std::string ReportHtml(const RunFolder& folder);

}  // namespace r1zero
