#include "grpo/event_file.h"
