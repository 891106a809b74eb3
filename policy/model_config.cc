#include "policy/model_config.h"
