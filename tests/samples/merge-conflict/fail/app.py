def port():
<<<<<<< HEAD
    return 80
=======
    return 443
>>>>>>> topic
