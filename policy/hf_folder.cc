#include "policy/hf_folder.h"
