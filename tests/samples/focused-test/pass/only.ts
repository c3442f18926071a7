export const only = list.only;
