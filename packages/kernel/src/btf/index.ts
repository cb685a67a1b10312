/** The type information of the running kernel; reading, printing and making BTF is in @waggle/compiler. */
export { dropReasons, KERNEL_BTF_PATH, kernelBtf } from './vmlinux.ts';
