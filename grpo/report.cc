#include "grpo/report.h"
