#include "grpo/run_folder.h"
