#include "tasks/task_config.h"
