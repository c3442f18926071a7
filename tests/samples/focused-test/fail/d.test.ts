it.only(
  'adds',
  () => {},
);
