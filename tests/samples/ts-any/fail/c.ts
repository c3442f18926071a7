let z: Array<any> = [];
