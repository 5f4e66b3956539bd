// A Vulkan layer that lets a driver which only compiles (Mesa's RADV with RADV_FORCE_FAMILY) be used by programs that also record and submit.
// The driver compiles the pipelines. Command buffers record nothing, submits are done at once, and memory is the host's.

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <vulkan/vulkan.h>
#include <vulkan/vk_layer.h>

static PFN_vkGetInstanceProcAddr next_instance;
static PFN_vkGetDeviceProcAddr next_device;
static VkInstance the_instance;

// Memory: one heap, one type. A block gets pages when it is mapped.

typedef struct {
  VkDeviceSize size;
  void* host;
} Block;

static void one_type(VkPhysicalDeviceMemoryProperties* m) {
  memset(m, 0, sizeof *m);
  m->memoryTypeCount = 1;
  m->memoryTypes[0].propertyFlags = VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT | VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT |
                                    VK_MEMORY_PROPERTY_HOST_COHERENT_BIT | VK_MEMORY_PROPERTY_HOST_CACHED_BIT;
  m->memoryHeapCount = 1;
  m->memoryHeaps[0].size = 16ull << 30;
  m->memoryHeaps[0].flags = VK_MEMORY_HEAP_DEVICE_LOCAL_BIT;
}

static VKAPI_ATTR void VKAPI_CALL memory_properties(VkPhysicalDevice gpu, VkPhysicalDeviceMemoryProperties* m) {
  one_type(m);
}

static VKAPI_ATTR void VKAPI_CALL memory_properties2(VkPhysicalDevice gpu, VkPhysicalDeviceMemoryProperties2* m) {
  one_type(&m->memoryProperties);
}

static VKAPI_ATTR VkResult VKAPI_CALL allocate_memory(VkDevice d, const VkMemoryAllocateInfo* info,
                                                      const VkAllocationCallbacks* a, VkDeviceMemory* out) {
  Block* b = calloc(1, sizeof *b);
  if (!b) return VK_ERROR_OUT_OF_HOST_MEMORY;
  b->size = info->allocationSize;
  *out = (VkDeviceMemory)b;
  return VK_SUCCESS;
}

static VKAPI_ATTR void VKAPI_CALL free_memory(VkDevice d, VkDeviceMemory memory, const VkAllocationCallbacks* a) {
  Block* b = (Block*)memory;
  if (!b) return;
  free(b->host);
  free(b);
}

static VKAPI_ATTR VkResult VKAPI_CALL map_memory(VkDevice d, VkDeviceMemory memory, VkDeviceSize offset,
                                                 VkDeviceSize size, VkMemoryMapFlags f, void** out) {
  Block* b = (Block*)memory;
  if (!b->host) b->host = calloc(1, b->size);
  if (!b->host) return VK_ERROR_MEMORY_MAP_FAILED;
  *out = (char*)b->host + offset;
  return VK_SUCCESS;
}

// Buffers and images fit the one type.

static PFN_vkGetBufferMemoryRequirements real_requirements;
static PFN_vkGetBufferMemoryRequirements2 real_requirements2;
static PFN_vkGetImageMemoryRequirements real_image_requirements;

static VKAPI_ATTR void VKAPI_CALL requirements(VkDevice d, VkBuffer b, VkMemoryRequirements* m) {
  real_requirements(d, b, m);
  m->memoryTypeBits = 1;
}

static VKAPI_ATTR void VKAPI_CALL requirements2(VkDevice d, const VkBufferMemoryRequirementsInfo2* i,
                                                VkMemoryRequirements2* m) {
  real_requirements2(d, i, m);
  m->memoryRequirements.memoryTypeBits = 1;
}

static VKAPI_ATTR void VKAPI_CALL image_requirements(VkDevice d, VkImage i, VkMemoryRequirements* m) {
  real_image_requirements(d, i, m);
  m->memoryTypeBits = 1;
}

// Handles that nobody looks into.

static VKAPI_ATTR VkResult VKAPI_CALL allocate_sets(VkDevice d, const VkDescriptorSetAllocateInfo* info,
                                                    VkDescriptorSet* out) {
  for (uint32_t i = 0; i < info->descriptorSetCount; i++) out[i] = (VkDescriptorSet)(uintptr_t)0x1000;
  return VK_SUCCESS;
}

static VKAPI_ATTR VkResult VKAPI_CALL create_handle(VkDevice d, const void* info, const VkAllocationCallbacks* a,
                                                    uint64_t* out) {
  *out = 0x2000;
  return VK_SUCCESS;
}

static const struct {
  const char* name;
  PFN_vkVoidFunction function;
} REPLACED[] = {
    {"vkAllocateMemory", (PFN_vkVoidFunction)allocate_memory},
    {"vkFreeMemory", (PFN_vkVoidFunction)free_memory},
    {"vkMapMemory", (PFN_vkVoidFunction)map_memory},
    {"vkAllocateDescriptorSets", (PFN_vkVoidFunction)allocate_sets},
    {"vkGetBufferMemoryRequirements", (PFN_vkVoidFunction)requirements},
    {"vkGetBufferMemoryRequirements2", (PFN_vkVoidFunction)requirements2},
    {"vkGetBufferMemoryRequirements2KHR", (PFN_vkVoidFunction)requirements2},
    {"vkGetImageMemoryRequirements", (PFN_vkVoidFunction)image_requirements},
    {"vkCreateFence", (PFN_vkVoidFunction)create_handle},
    {"vkCreateSemaphore", (PFN_vkVoidFunction)create_handle},
    {"vkCreateQueryPool", (PFN_vkVoidFunction)create_handle},
};

static PFN_vkVoidFunction replaced(const char* name) {
  for (size_t i = 0; i < sizeof REPLACED / sizeof *REPLACED; i++)
    if (strcmp(name, REPLACED[i].name) == 0) return REPLACED[i].function;
  return 0;
}

// Commands that do nothing, besides every vkCmd.

static const char* const IDLE[] = {
    "vkBeginCommandBuffer",       "vkEndCommandBuffer",
    "vkResetCommandBuffer",       "vkFreeCommandBuffers",
    "vkDestroyCommandPool",       "vkResetCommandPool",
    "vkTrimCommandPool",          "vkQueueSubmit",
    "vkQueueSubmit2",             "vkQueueSubmit2KHR",
    "vkQueueWaitIdle",            "vkDeviceWaitIdle",
    "vkGetFenceStatus",           "vkWaitForFences",
    "vkResetFences",              "vkDestroyFence",
    "vkWaitSemaphores",           "vkWaitSemaphoresKHR",
    "vkDestroySemaphore",         "vkGetQueryPoolResults",
    "vkResetQueryPool",           "vkDestroyQueryPool",
    "vkBindBufferMemory",         "vkBindBufferMemory2",
    "vkBindBufferMemory2KHR",     "vkBindImageMemory",
    "vkBindImageMemory2",         "vkBindImageMemory2KHR",
    "vkUnmapMemory",              "vkFlushMappedMemoryRanges",
    "vkInvalidateMappedMemoryRanges", "vkUpdateDescriptorSets",
    "vkUpdateDescriptorSetWithTemplate", "vkFreeDescriptorSets",
    "vkResetDescriptorPool",
};

static VkResult nothing(void) { return VK_SUCCESS; }

static int is_idle(const char* name) {
  if (strncmp(name, "vkCmd", 5) == 0) return 1;
  for (size_t i = 0; i < sizeof IDLE / sizeof *IDLE; i++)
    if (strcmp(name, IDLE[i]) == 0) return 1;
  return 0;
}

// Instance and device: the loader's chain of layers.

static VKAPI_ATTR VkResult VKAPI_CALL create_instance(const VkInstanceCreateInfo* info, const VkAllocationCallbacks* a,
                                                      VkInstance* out) {
  VkLayerInstanceCreateInfo* link = (VkLayerInstanceCreateInfo*)info->pNext;
  while (link && !(link->sType == VK_STRUCTURE_TYPE_LOADER_INSTANCE_CREATE_INFO && link->function == VK_LAYER_LINK_INFO))
    link = (VkLayerInstanceCreateInfo*)link->pNext;
  if (!link) return VK_ERROR_INITIALIZATION_FAILED;
  next_instance = link->u.pLayerInfo->pfnNextGetInstanceProcAddr;
  link->u.pLayerInfo = link->u.pLayerInfo->pNext;
  VkResult result = ((PFN_vkCreateInstance)next_instance(0, "vkCreateInstance"))(info, a, out);
  the_instance = *out;
  return result;
}

static VKAPI_ATTR VkResult VKAPI_CALL create_device(VkPhysicalDevice gpu, const VkDeviceCreateInfo* info,
                                                    const VkAllocationCallbacks* a, VkDevice* out) {
  VkLayerDeviceCreateInfo* link = (VkLayerDeviceCreateInfo*)info->pNext;
  while (link && !(link->sType == VK_STRUCTURE_TYPE_LOADER_DEVICE_CREATE_INFO && link->function == VK_LAYER_LINK_INFO))
    link = (VkLayerDeviceCreateInfo*)link->pNext;
  if (!link) return VK_ERROR_INITIALIZATION_FAILED;
  next_instance = link->u.pLayerInfo->pfnNextGetInstanceProcAddr;
  next_device = link->u.pLayerInfo->pfnNextGetDeviceProcAddr;
  link->u.pLayerInfo = link->u.pLayerInfo->pNext;
  return ((PFN_vkCreateDevice)next_instance(the_instance, "vkCreateDevice"))(gpu, info, a, out);
}

VK_LAYER_EXPORT VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL null_GetDeviceProcAddr(VkDevice device, const char* name) {
  if (strcmp(name, "vkGetDeviceProcAddr") == 0) return (PFN_vkVoidFunction)null_GetDeviceProcAddr;
  if (!real_requirements) {
    real_requirements = (PFN_vkGetBufferMemoryRequirements)next_device(device, "vkGetBufferMemoryRequirements");
    real_requirements2 = (PFN_vkGetBufferMemoryRequirements2)next_device(device, "vkGetBufferMemoryRequirements2");
    real_image_requirements = (PFN_vkGetImageMemoryRequirements)next_device(device, "vkGetImageMemoryRequirements");
  }
  if (replaced(name)) return replaced(name);
  PFN_vkVoidFunction real = next_device(device, name);
  // A command of an extension that the driver lacks stays absent.
  return real && is_idle(name) ? (PFN_vkVoidFunction)nothing : real;
}

VK_LAYER_EXPORT VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL null_GetInstanceProcAddr(VkInstance instance,
                                                                                  const char* name) {
  if (strcmp(name, "vkGetInstanceProcAddr") == 0) return (PFN_vkVoidFunction)null_GetInstanceProcAddr;
  if (strcmp(name, "vkGetDeviceProcAddr") == 0) return (PFN_vkVoidFunction)null_GetDeviceProcAddr;
  if (strcmp(name, "vkCreateInstance") == 0) return (PFN_vkVoidFunction)create_instance;
  if (strcmp(name, "vkCreateDevice") == 0) return (PFN_vkVoidFunction)create_device;
  if (strcmp(name, "vkGetPhysicalDeviceMemoryProperties") == 0) return (PFN_vkVoidFunction)memory_properties;
  if (strcmp(name, "vkGetPhysicalDeviceMemoryProperties2") == 0) return (PFN_vkVoidFunction)memory_properties2;
  if (strcmp(name, "vkGetPhysicalDeviceMemoryProperties2KHR") == 0) return (PFN_vkVoidFunction)memory_properties2;
  if (replaced(name)) return replaced(name);
  if (is_idle(name)) return (PFN_vkVoidFunction)nothing;
  return next_instance ? next_instance(instance, name) : 0;
}
