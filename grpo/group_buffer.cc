#include "grpo/group_buffer.h"
