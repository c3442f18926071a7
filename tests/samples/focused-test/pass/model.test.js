model.fit(xs, ys);
fit(curve);
